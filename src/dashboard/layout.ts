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
  readonly label: string;
  readonly type: "text" | "email" | "password";
  readonly autocomplete: string;
  readonly hint?: string;
}

/** A field with its label, its hint, and room for what is wrong with it. */
export const field = ({ name, label, type, autocomplete, hint }: FieldParts): string => {
  const described = [...(hint === undefined ? [] : [`${name}-hint`]), `${name}-error`].join(" ");
  const input = `<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" required aria-describedby="${described}"${type === "email" ? ' inputmode="email" autocapitalize="none" spellcheck="false"' : ""}>`;
  return `<div class="field">
<label for="${name}">${label}</label>
${type === "password" ? `<span class="secret">${input}<button type="button" class="reveal" aria-controls="${name}" aria-pressed="false">Show</button></span>` : input}
${hint === undefined ? "" : `<p class="hint" id="${name}-hint">${hint}</p>`}
<p class="error" id="${name}-error" hidden></p>
</div>`;
};

/** Where a page says what went wrong; read out when it is filled. */
export const alert = '<p class="alert" role="alert" hidden></p>';
