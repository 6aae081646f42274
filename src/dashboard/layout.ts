import { passwordLength } from "../accounts/passwords/password-rule.ts";

interface PageParts {
  /** What the script does in the page: the file of `browser/` that runs. */
  readonly name: string;
  readonly title: string;
  /** HTML. */
  readonly main: string;
}

/** A page of the people who use Footfall: its style and its script are files of this host, and there are no others. */
export const layout = ({ name, title, main }: PageParts): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} – Footfall</title>
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/dashboard/pages.css">
<script defer src="/dashboard/pages.js"></script>
</head>
<body data-page="${name}">
<header class="brand"><img src="/favicon.ico" width="36" height="36" alt=""><span>Footfall</span></header>
<main class="card">
<noscript><p class="note">This page needs JavaScript, which comes from this host alone.</p></noscript>
${main}
</main>
</body>
</html>
`;

interface FieldParts {
  readonly name: string;
  /** For pages with several forms; the name unless given. */
  readonly id?: string;
  readonly label: string;
  readonly type: "text" | "email" | "password";
  readonly autocomplete: string;
  readonly hint?: string;
}

/** A field with its label, its hint, and room for what is wrong with it. */
export const field = ({ name, id = name, label, type, autocomplete, hint }: FieldParts): string => {
  const described = [...(hint === undefined ? [] : [`${id}-hint`]), `${id}-error`].join(" ");
  const input = `<input id="${id}" name="${name}" type="${type}" autocomplete="${autocomplete}" required aria-describedby="${described}"${type === "email" ? ' inputmode="email" autocapitalize="none" spellcheck="false"' : ""}>`;
  return `<div class="field">
<label for="${id}">${label}</label>
${type === "password" ? `<span class="secret">${input}<button type="button" class="reveal" aria-controls="${id}" aria-pressed="false">Show</button></span>` : input}
${hint === undefined ? "" : `<p class="hint" id="${id}-hint">${hint}</p>`}
<p class="error" id="${id}-error" hidden></p>
</div>`;
};

interface ConsentParts {
  readonly name: string;
  /** What whoever ticks the box says. */
  readonly label: string;
  /** What is asked for where the box is not ticked. */
  readonly missing: string;
}

/** A box that has to be ticked. */
export const consent = ({ name, label, missing }: ConsentParts): string => `<div class="field">
<div class="consent"><input id="${name}" name="${name}" type="checkbox" required aria-describedby="${name}-error" data-missing="${missing}">
<label for="${name}">${label}</label></div>
<p class="error" id="${name}-error" hidden></p>
</div>`;

/** What a new password takes. */
export const passwordRule = `At least ${passwordLength.minimum} characters, whichever you like; not your name or e&#8209;mail address, nor a password that is tried first.`;

/** Where a page or a form says what went wrong; read out when it is filled. */
export const alert = '<p class="alert" role="alert" hidden></p>';

/** Where it says what was done. It is there before that, as screen readers need it to be, and takes no room. */
export const done = '<p class="done" role="status"></p>';
