/** What events of stories are about; what is asked about them is made of the same values. */

export const sites = ["example.org", "shop.example.org", "it's \\ a site"];
export const sources = ["wordpress", "web", "mobile_app"];
export const slugs = ["", "iphone-15-pro", "a 'b', \\ {c}"];
export const countries = ["", "DE", "US"];

export const pages = [
  "",
  "/",
  "/",
  "/post/1",
  "/Post/1",
  '/a\'b\\"c"',
  "/ÜBER/日本/😀",
  "/über/日本/😀",
  "/{page:String}%",
  "/a,b;c|d(e)",
];

export const titles = ["", "Home", 'It\'s \\ "home"', "Ünï\n\tcode 😀", "a".repeat(300)];

export const eventTypes = [
  "page_view",
  "page_view",
  "page_view",
  "page_view",
  "device_page_view",
  "widget_impression",
  "widget_click",
  "identify",
  "conversion",
  "sign up: $1",
];

export const propertyNames = ["plan", 'it\'s \\ "k".é', "plan.x", "missing"];

export const properties = [
  "",
  "{}",
  '{"plan":"pro"}',
  '{"plan":"Pro é \\"q\\" \\\\ \\ud83d\\ude00"}',
  '{"plan":1}',
  '{"plan":"1"}',
  '{"plan": 1.50, "plan.x": "y"}',
  '{"plan":10}',
  '{"plan":0}',
  '{"plan":null}',
  '{"plan":""}',
  '{"plan":"null"}',
  '{"plan":true}',
  '{"plan":[1, 2, {"a" : null}]}',
  '{"plan":{"x": "é/", "a":false}}',
  JSON.stringify({ [propertyNames[1] ?? ""]: "it's", plan: -3 }),
  '{"other":{"plan":"pro"}}',
];

/** Zones with whole, half and quarter hours, on both sides of the date line, that change clocks at midnight or never. */
export const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Havana",
  "America/St_Johns",
  "Africa/Cairo",
  "Asia/Beirut",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Chatham",
  "Pacific/Apia",
];
