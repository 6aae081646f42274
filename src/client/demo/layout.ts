const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe for an element's content and for a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");

/** A page of the demo site around `main`, which is HTML; the only script is the tag as a site owner would paste it. */
export const layout = (title: string, main: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} – The Pocket Review</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/demo/demo.css">
<script defer src="/analytics.js" data-site="demo.example" data-source="wordpress"></script>
</head>
<body class="wp-embed-responsive single single-post">
<header class="site-header">
<a class="site-title" href="/demo">The Pocket Review</a>
<nav aria-label="Main"><a href="/demo">Phones</a><a href="/demo#numbers">The numbers</a></nav>
</header>
<main>
${main}
</main>
<footer class="site-footer">
<p>A demo site of Footfall. The phones are real, the prices are not, and no cookie is set.</p>
</footer>
</body>
</html>
`;

/** A drawn phone; no image has to be loaded. */
export const phone = (
  hue: number,
  name: string,
): string => `<svg class="phone phone-${hue}" viewBox="0 0 120 160" role="img" aria-label="${escapeHtml(name)}">
<rect class="case" x="30" y="6" width="60" height="148" rx="12"/><rect class="glass" x="34" y="10" width="52" height="140" rx="9"/>
<path class="shine" d="M34 100 86 48v56L50 140H34z"/><circle class="lens" cx="60" cy="19" r="3"/><rect class="bar" x="48" y="142" width="24" height="2.5" rx="1.2"/>
</svg>`;
