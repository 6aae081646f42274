import { DEMO_POST_ID, type DemoDevice, demoDevices, HIDDEN_SLUG } from "./devices.ts";
import { escapeHtml, layout, phone } from "./layout.ts";

const facts = (device: DemoDevice) => `<dl>
<div><dt>Screen</dt><dd>${escapeHtml(device.screen)}</dd></div>
<div><dt>Battery</dt><dd>${escapeHtml(device.battery)}</dd></div>
<div><dt>Camera</dt><dd>${escapeHtml(device.camera)}</dd></div>
</dl>`;

/** The widget of the n-th phone, with the attributes a WordPress block would render. */
const widget = (index: number): string => {
  const device = demoDevices[index];
  if (!device) return "";
  const href = `/demo/device/${device.slug}`;
  return `<aside class="wp-block-device device-widget${device.slug === HIDDEN_SLUG ? " is-hidden" : ""}" data-widget-tracking
 data-mapping-id="${device.mappingId}" data-post-id="${DEMO_POST_ID}" data-widget-index="${index}"
 data-device-slug="${device.slug}" data-raw-model="${escapeHtml(device.rawModel)}">
<a class="picture" href="${href}" data-click-target="image">${phone(device.hue, device.name)}</a>
<div class="body">
<h3><a href="${href}" data-click-target="title">${escapeHtml(device.name)}</a></h3>
${facts(device)}
<p class="buy"><strong>${escapeHtml(device.price)}</strong><a class="button" href="${href}" data-click-target="cta">See the specs</a></p>
</div>
</aside>`;
};

const paragraphs = (...texts: readonly string[]) => texts.map((text) => `<p>${text}</p>`).join("\n");

const numbers = `<section class="numbers" id="numbers">
<h2>See what you just did</h2>
<p>Scroll up and down, follow a link, come back. A widget counts once per page view, when half of it has been on your
screen. Five widgets are in this page; one is hidden by the theme and never counts. Within a few seconds the numbers
are there:</p>
<pre><code>STATS=http://localhost:3000/v1/stats
KEY="x-admin-key: $(cat data/admin.key)"
TODAY="from=$(date -u +%F)&amp;to=$(date -u +%F)&amp;site_id=demo.example"
curl -H "$KEY" "$STATS/widgets?$TODAY"
curl -H "$KEY" "$STATS/posts?$TODAY"
curl -H "$KEY" "$STATS/timeseries?$TODAY&amp;interval=hour"</code></pre>
<p>Run them where Footfall was started. A browser with Do Not Track or Global Privacy Control switched on is not
counted, and that is on purpose.</p>
</section>`;

/** The page of `GET /demo`: a post as a WordPress block theme renders it, with five widgets, one of them hidden. */
export const renderDemo = (): string =>
  layout(
    "Five small phones worth your pocket",
    `<article class="wp-block-post">
<header class="entry-header">
<p class="kicker">Phones</p>
<h1>Five small phones worth your pocket</h1>
<p class="lede">Phones grew until they no longer fit a hand. A few makers still build ones you can use with one thumb.
We carried them for two months.</p>
<p class="meta"><span class="avatar" aria-hidden="true">MH</span> Mara Holm · <time datetime="2026-03-12">12 March 2026</time> · 6 minutes</p>
</header>
<div class="entry-content">
${paragraphs(
  "There is a simple test for a phone's size: hold it in your right hand and touch the far upper corner with your thumb. Nine out of ten phones sold last year fail it. We went looking for the tenth.",
  "Small is not about saving money. It is about the half second between the thought and the photo, about a jacket that hangs straight, about reading in a tram with the other hand on the rail. What you give up is battery, and how much you give up turned out to be the interesting question.",
)}
<h2>The one that feels finished</h2>
${paragraphs("Apple's smaller Pro weighs 187 grams, and most of what is good about it is that you stop noticing it. The rounded titanium edge is kinder to the palm than any case we tried, and the zoom is the shortest way to a decent portrait.")}
${widget(0)}
${paragraphs(
  "Two months in, the battery still lasts from breakfast to late evening, though not further. If you film, carry a cable. The action button ended up as our torch, which says something about action buttons.",
  "What we would change is the price, and the habit of making the best camera a reason to buy the bigger one.",
)}
<h2>The one with the best screen</h2>
${paragraphs("Samsung's base model is the only flat, bright and truly light flagship left: 167 grams, a screen you can read on a beach, and seven years of updates on paper.")}
${widget(1)}
${paragraphs(
  "It charges slowly, and it tells you about every service its maker offers. An evening in the settings fixes the second of these. After that it is the phone we handed to friends most often, and the one we got back last.",
  "Its speaker deserves a line of its own: for a phone this thin it is surprisingly warm, and kitchens are where phones are mostly heard.",
)}
<h2>The one we would buy</h2>
${paragraphs("The Pixel 8a is thicker and plastic, and it is the one that stayed in our pockets after the test was over. The camera decides fast and is rarely wrong; everything else simply works, for half the money.")}
${widget(2)}
${paragraphs(
  "It gets warm in long calls, and its borders are from another year. We forgot both by the second week.",
  "If your phone's job is to take a picture of a child that will not sit still, look no further than this one.",
)}
${widget(3)}
<h2>The one you can repair</h2>
${paragraphs(
  "The Fairphone is the largest here and the only one you open with a normal screwdriver. We replaced the battery in a café, without tools worth the name, before the coffee was cold.",
  "It is slower than the rest and its camera needs light. In return it is meant to be with you in 2031, and we believe it.",
)}
${widget(4)}
${paragraphs(
  "So, which? If the pocket decides, the Galaxy. If the picture decides, the Pixel. If the planet has a say, the Fairphone. And if you only want to stop thinking about phones, the one you already have is quite good too.",
)}
${numbers}
</div>
</article>`,
  );

/** The small page a widget of the demo links to; nothing for a slug the demo does not know. */
export const renderDemoDevice = (slug: string): string | undefined => {
  const device = demoDevices.find((candidate) => candidate.slug === slug);
  if (!device) return undefined;
  return layout(
    device.name,
    `<article class="device-page">
${phone(device.hue, device.name)}
<div>
<p class="kicker">Specs</p>
<h1>${escapeHtml(device.name)}</h1>
${facts(device)}
<p class="price">from <strong>${escapeHtml(device.price)}</strong></p>
<p><a class="button" href="/demo">Back to the review</a></p>
</div>
</article>`,
  );
};
