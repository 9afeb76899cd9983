/** `npx clinicadl completion`: what a shell needs to complete commands and options. */
import type { Command } from "commander";
import { answer } from "../utils/output.ts";

export function registerCompletion(program: Command): void {
  program
    .command("completion")
    .description("Print what makes a shell complete commands and options of `clinicadl`.")
    .argument("<shell>", "bash or zsh")
    .addHelpText(
      "after",
      "\nFor bash, into ~/.bashrc: source <(clinicadl completion bash)\nFor zsh, into ~/.zshrc: source <(clinicadl completion zsh)",
    )
    .action((shell: string, _options: object, command: Command) => {
      switch (shell) {
        case "bash":
          return answer(bashCompletion(program));
        case "zsh":
          return answer(
            `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bashCompletion(program)}`,
          );
        default:
          return command.error(`error: there is nothing for the shell '${shell}'. Give bash or zsh.`);
      }
    });
}

/** Commands first, then their options; anything else is a file. */
function bashCompletion(program: Command): string {
  const options = (command: Command): string =>
    command
      .createHelp()
      .visibleOptions(command)
      .flatMap(({ long }) => long ?? [])
      .join(" ");
  const cases = program.commands.map((command) => `    ${command.name()}) words="${options(command)}" ;;`);
  const names = program.commands.map((command) => command.name());
  return `_clinicadl() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  COMPREPLY=()
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${names.join(" ")} ${options(program)}"
  elif [ "\${current#-}" = "$current" ]; then
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _clinicadl clinicadl`;
}
