import { demoDevices } from "./devices.ts";

const cases = demoDevices.map(({ hue }) => `.phone-${hue} { --hue: ${hue}; }`).join("\n");

/** The style sheet of the demo site, for `GET /demo/demo.css`: a file of its own, so that a strict policy can hold. */
export const demoCss = `:root {
  --ink: #1c1b19; --soft: #6b675f; --line: #e4dfd5; --paper: #fbfaf6; --card: #fff; --accent: #b4441f;
  --wide: 60rem; --text: 41rem;
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1.125rem/1.7 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif;
  -webkit-font-smoothing: antialiased;
}
h1, h2, h3, .site-header, .kicker, .meta, .device-widget, .device-page dl, .button, .site-footer, .price {
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
}
a { color: inherit; text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 55%, transparent); outline-offset: 3px; border-radius: 4px; }
.site-header {
  max-width: var(--wide); margin: 0 auto; padding: 1.5rem 1.25rem; display: flex; gap: 1rem;
  align-items: baseline; justify-content: space-between; font-size: .95rem;
}
.site-title { font-weight: 700; font-size: 1.15rem; letter-spacing: -.02em; text-decoration: none; }
.site-header nav { display: flex; gap: 1.4rem; }
.site-header nav a { color: var(--soft); text-decoration: none; }
.site-header nav a:hover { color: var(--accent); }
.entry-header { max-width: var(--text); margin: 3.5rem auto 3rem; padding: 0 1.25rem; }
.kicker { margin: 0 0 .8rem; color: var(--accent); font-size: .8rem; font-weight: 650; letter-spacing: .09em; text-transform: uppercase; }
h1 { margin: 0; font-size: clamp(2.2rem, 6vw, 3.4rem); line-height: 1.06; letter-spacing: -.035em; text-wrap: balance; }
.lede { margin: 1.3rem 0 0; color: var(--soft); font-size: 1.3rem; line-height: 1.5; text-wrap: pretty; }
.meta { margin: 1.8rem 0 0; color: var(--soft); font-size: .9rem; }
.avatar {
  display: inline-grid; place-items: center; width: 2.1rem; height: 2.1rem; margin-right: .5rem; border-radius: 50%;
  background: var(--ink); color: var(--paper); font-size: .7rem; font-weight: 650;
}
.entry-content { max-width: var(--text); margin: 0 auto; padding: 0 1.25rem 5rem; }
.entry-content p { margin: 0 0 1.3em; text-wrap: pretty; }
h2 { margin: 3.2rem 0 1rem; font-size: 1.6rem; line-height: 1.2; letter-spacing: -.025em; }
.device-widget {
  display: grid; grid-template-columns: 12rem 1fr; margin: 2.4rem -1.5rem; overflow: hidden;
  background: var(--card); border: 1px solid var(--line); border-radius: 1.1rem;
  box-shadow: 0 1px 2px rgb(60 50 30 / 5%), 0 12px 32px -18px rgb(60 50 30 / 25%); font-size: .95rem; line-height: 1.5;
}
.device-widget.is-hidden { display: none; }
.picture { display: grid; place-items: center; padding: 1.5rem; background: #f4f0e7; }
.phone { display: block; width: 7.5rem; height: 10rem; transition: transform .25s ease; }
.picture:hover .phone { transform: translateY(-4px) rotate(-2deg); }
.case { fill: hsl(var(--hue) 22% 34%); } .glass { fill: hsl(var(--hue) 48% 64%); }
.shine { fill: hsl(var(--hue) 60% 76%); opacity: .75; } .lens { fill: hsl(var(--hue) 25% 22%); } .bar { fill: #fff; opacity: .8; }
${cases}
.device-widget .body { padding: 1.4rem 1.6rem; }
h3 { margin: 0 0 .7rem; font-size: 1.25rem; letter-spacing: -.02em; }
h3 a { text-decoration: none; }
h3 a:hover { color: var(--accent); }
dl { margin: 0; }
dl div { display: flex; justify-content: space-between; gap: 1rem; padding: .38rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); } dd { margin: 0; text-align: right; }
.device-widget .buy { display: flex; align-items: center; justify-content: space-between; margin: 1rem 0 0; }
.buy strong { font-size: 1.2rem; letter-spacing: -.02em; }
.button {
  display: inline-block; padding: .55rem 1.1rem; border-radius: 99rem; background: var(--ink); color: var(--paper);
  font-size: .92rem; font-weight: 600; text-decoration: none; transition: background .15s;
}
.button:hover { background: var(--accent); }
.numbers { margin-top: 4.5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
.numbers h2 { margin-top: 2rem; }
pre {
  margin: 0 -1.5rem 1.4rem; padding: 1.2rem 1.5rem; overflow-x: auto; border-radius: 1.1rem; background: #211f1b; color: #f1ece0;
  font: .82rem/1.75 ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace;
}
.device-page {
  display: grid; grid-template-columns: 20rem 1fr; gap: 3.5rem; align-items: center;
  max-width: var(--wide); margin: 3.5rem auto 6rem; padding: 0 1.25rem;
}
.device-page > .phone { width: 100%; height: 24rem; padding: 2rem; background: #f4f0e7; border-radius: 1.4rem; }
.device-page dl { margin: 1.8rem 0; font-size: 1rem; }
.price { color: var(--soft); } .price strong { color: var(--ink); font-size: 1.5rem; letter-spacing: -.02em; }
.site-footer { padding: 2rem 1.25rem 3rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; text-align: center; }
@media (max-width: 46rem) {
  .device-widget, pre { margin-left: 0; margin-right: 0; }
  .device-page { grid-template-columns: 1fr; gap: 2rem; }
}
@media (max-width: 34rem) {
  .device-widget { grid-template-columns: 1fr; }
  .entry-header { margin-top: 2rem; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; scroll-behavior: auto !important; } }
`;
