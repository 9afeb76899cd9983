// Markdown of a doc comment: its text, its links, and what its tags say.

/** Text that Markdown of VitePress, which is a template of Vue, shows as it is. */
export function escapeText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("{{", "&#123;&#123;");
}

/** Text between code, of which only what HTML or Vue would take for its own is escaped. */
function plain(text) {
  return text.replaceAll("<", "&lt;").replaceAll("{{", "&#123;&#123;");
}

function renderParts(parts, places) {
  return parts
    .map((part) => {
      if (part.kind === "text") return plain(part.text);
      if (part.kind === "code") return part.text;
      const name = part.text.split("|").at(-1)?.trim() ?? part.text;
      const place = typeof part.target === "object" ? places.get(part.target) : undefined;
      return place === undefined ? `\`${name}\`` : `[\`${name}\`](${place})`;
    })
    .join("");
}

/** What the tags of a comment are called on a page. */
const TAGS = {
  "@throws": "Throws",
  "@returns": "Returns",
  "@example": "Example",
  "@default": "Default",
  "@see": "See",
};

/** The paragraphs of a comment. @returns {string[]} */
export function renderComment(comment, places) {
  if (comment === undefined) return [];
  const parts = [renderParts(comment.summary, places)];
  for (const tag of comment.blockTags) {
    const words = TAGS[tag.tag];
    const text = renderParts(tag.content, places);
    if (words !== undefined) parts.push(text.startsWith("```") ? text : `*${words}:* ${text}`);
  }
  return parts.filter((part) => part.trim() !== "");
}

/** What a member's comment says, for a cell of a table: code blocks have no place there. */
export function summaryOf(member, places) {
  const comment = member.comment ?? member.signatures?.[0]?.comment ?? member.getSignature?.comment;
  return renderComment(comment, places)
    .join(" ")
    .replace(/```[\s\S]*?```/g, "")
    .trim();
}
