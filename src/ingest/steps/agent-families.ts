/**
 * Programs that post events themselves: HTTP clients, their language runtimes, API consoles and analytics SDKs. They
 * are senders, not bots, although lists of crawlers name most of them. Each name is how an agent starts, up to the
 * end of a word.
 */
const senderNames: readonly string[] = [
  // command line and consoles
  "curl|libcurl|wget|wget2|httpie|xh|aria2|hey|k6|ab|vegeta|autocannon|oha|postmanruntime",
  "postman|insomnia|bruno|bruno-runtime|paw|rapidapi|hoppscotch|thunder client",
  "vscode-restclient|intellij http client|apache-jmeter|soapui|grafana k6",
  // JavaScript
  "node|node\\.js|bun|deno|node-fetch|undici|axios|got|ky|needle|phin|superagent|node-superagent",
  "ofetch|wretch|cross-fetch|isomorphic-fetch|request|request-promise|nestjs",
  // Python
  "python|python-requests|python-urllib|python-urllib3|python-httpx|aiohttp|httpx|requests",
  "pycurl|urlgrabber|python-httplib2|django|celery",
  // Go, Rust, C, C++
  "go-http-client|go-resty|fasthttp|resty|req|reqwest|hyper|ureq|isahc|surf|attohttpc",
  "cpp-httplib|libsoup|boost\\.beast|poco|neon|qt|winhttp|wininet|libhttp",
  // JVM
  "java|java-http-client|okhttp|apache-httpclient|apache-httpasyncclient",
  "jakarta commons-httpclient|ktor-client|ktor client|ktor|spring|spring-webclient|reactornetty",
  "vert\\.x-webclient|asynchttpclient|ahc|unirest-java|retrofit|volley|feign|micronaut|quarkus",
  "akka-http|pekko-http|scalaj-http|http4s|http4s-ember|sttp|dispatch|clj-http|dalvik|jersey",
  "resteasy",
  // PHP, Ruby, Perl, Elixir, .NET, Dart, Swift, Lua, R
  "php|guzzlehttp|guzzle|symfony httpclient|symfony|laravel|pest|requests for php|wordpress",
  "wp-cli|drupal|joomla|ruby|faraday|rest-client|httparty|typhoeus|http\\.rb|httpclient|excon",
  "net::http|libwww-perl|lwp|lwp-request|perl|mojolicious|http-tiny|www-mechanize|hackney|mint",
  "finch|tesla|httpoison|erlang|restsharp|refit|flurl|dotnet|\\.net|microsoft\\.data",
  "windowspowershell|powershell|dart|dio|flutter|alamofire|cfnetwork|urlsession|moya",
  "lua-resty-http|luasocket|httr|httr2|rcurl",
  // analytics SDKs and server-side tag managers
  "footfall|analytics-node|analytics-python|analytics-ruby|analytics-php|analytics-go",
  "analytics-java|analytics\\.net|analytics-kotlin|analytics-swift|analytics-flutter",
  "analytics-react-native|analytics-android|analytics-ios|segment|rudder-sdk|rudderstack",
  "rudder-analytics|rudder|posthog|posthog-node|posthog-python|plausible|umami|snowplow|stape",
  "mparticle|amplitude|mixpanel|jitsu|zapier|n8n|ifttt|integromat|make|amazon-api-gateway",
  "amazon/eventbridge|google-cloud-scheduler",
];

/**
 * Words by which crawlers, monitors, link previewers and remote-controlled browsers name themselves; they decide
 * before anything else, so "python-requests (FooBot)" is a bot. Looked for outside of URLs.
 */
const crawlerWords: readonly string[] = [
  // generic words
  "bots?(?:$|[^a-z])|crawl|spider|scrap(?:y|er|ing)|slurp|archiver|indexer|fetcher|validator",
  "link ?check|verifying pingback|feed ?(?:fetch|pars|read|burner)",
  // search engines and networks
  "externalhit|external(?:agent|ads)|facebookcatalog|mediapartners|apis-google",
  "google-(?:inspection|read-aloud|safety|extended|site|structured|cloudvertex)",
  "google(?:other|producer|imageproxy)|google (?:web preview|favicon|page ?speed|pp default)",
  "bingpreview",
  // assistants that fetch pages for their users
  "chatgpt-user|oai-|claude-(?:user|web|searchbot|code)|perplexity-user|anthropic-ai|cohere-ai",
  "mistralai-user|duckassist|manus-user|gemini-deep-research|meta-web|webzio",
  // audits and monitors
  "lighthouse|pagespeed|gtmetrix|ptst/|pingdom|uptime|statuscake|site24x7",
  "newrelic(?:pinger|synthetics)|new relic|datadog|dareboost|catchpoint|checkly|updown\\.io",
  "hetrixtools|freshping|nagios|zabbix|prometheus|blackbox|kube-probe|elb-healthchecker",
  "googlehc|better stack|betteruptime|monitis|icinga|semrush|ahrefs|screaming frog|sitebulb",
  "serpstat|moz\\.com|seokicks|sistrix|xovi|nutch|heritrix|httrack|zgrab|masscan|nmap|nikto",
  "sqlmap|nuclei|censys|shodan|expanse|wappalyzer|builtwith|netcraft|w3c_|css certificate",
  "qwantify|yandex(?:images|metrika|direct|favicons)",
  // previews
  "^whatsapp/|skypeuripreview|iframely|embedly|vkshare|flipboardproxy|slack-imgproxy",
  "pinterest/\\d|mastodon/|pleroma|misskey/|outbrain|ia_archiver",
  // remote-controlled browsers
  "headless|phantomjs|slimerjs|casperjs|puppeteer|playwright|selenium|webdriver|cypress",
  "testcafe|nightmare|jsdom|happy-?dom|htmlunit|splash|zombie\\.js|browserless|prerender",
  "rendertron|electron-prebuilt",
];

/**
 * Apps whose built-in browser shows pages to people. Their agents hold build data that looks like a crawler's to a
 * list of words, so for them only `crawlerAgent` counts. First match names the browser.
 */
export const inAppBrowsers: readonly (readonly [name: string, sign: RegExp])[] = [
  ["Instagram", /\bInstagram[ /]/],
  ["Threads", /\bBarcelona[ /]\d/],
  ["Facebook", /\bFB(?:AN|AV|_IAB|IOS|4A)\b|\[FB/],
  ["TikTok", /musical_ly|\btrill_|BytedanceWebview|\bTikTok/i],
  ["Snapchat", /\bSnapchat\//],
  ["LinkedIn", /LinkedInApp/],
  ["Pinterest", /\[Pinterest\/|\bPinterest for /],
  ["X", /\bTwitter for |\bTwitterAndroid/],
  ["Line", /\bLine\/\d/],
  ["KakaoTalk", /\bKAKAOTALK/],
  ["Naver", /\bNAVER\(inapp/],
  ["Reddit", /\bReddit\/(?:Version )?\d/],
  ["Telegram", /\bTelegram-(?:Android|iOS)\//],
];

export const crawlerAgent = new RegExp(crawlerWords.join("|"), "i");

export const senderAgent = new RegExp(
  `^@?(?:mozilla/5\\.0 umami/|${senderNames.join("|")})(?![a-z])|windowspowershell/|\\bcfnetwork/`,
  "i",
);
