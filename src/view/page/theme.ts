import { byId } from "./dom.ts";

const ORDER = ["system", "light", "dark"] as const;
type Theme = (typeof ORDER)[number];

/** Light and dark: as the system has it, or as was chosen. @param changed is called where colours are others. */
export function followTheme(changed: () => void): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = localStorage.getItem("theme");
  let theme: Theme = ORDER.find((one) => one === stored) ?? "system";
  const button = byId("theme");
  const apply = (): void => {
    document.documentElement.dataset.theme = theme === "system" ? (system.matches ? "dark" : "light") : theme;
    button.textContent = { system: "◐ As the system", light: "○ Light", dark: "● Dark" }[theme];
    button.setAttribute("aria-label", `Colours: ${theme}`);
    changed();
  };
  button.addEventListener("click", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? "system";
    localStorage.setItem("theme", theme);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}
