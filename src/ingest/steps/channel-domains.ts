/** What a site that sends visitors is, as far as channels go. `none`: a site of a listed company that is no such place. */
export type SourceKind = "search" | "social" | "video" | "shopping" | "email" | "ai" | "none";

/**
 * Domains and app packages, each with all its subdomains; a longer entry goes before a shorter one ("mail.google.com"
 * is e-mail, "google.com" search). Compiled from general knowledge, not from anybody's list.
 */
const domains: Readonly<Record<SourceKind, string>> = {
  search: `
    bing.com duckduckgo.com html.duckduckgo.com ecosia.org qwant.com startpage.com ixquick.com search.brave.com baidu.com
    so.com sogou.com sm.cn haosou.com 360.cn seznam.cz search.naver.com naver.com daum.net zum.com ask.com aol.com
    search.aol.com dogpile.com metacrawler.com webcrawler.com excite.com lycos.com info.com mojeek.com swisscows.com
    kagi.com presearch.com presearch.org gibiru.com yep.com you.com neeva.com marginalia.nu
    search.marginalia-search.com rambler.ru go.mail.ru nova.rambler.ru nigma.ru ya.ru yandex.com coccoc.com
    search.smt.docomo.ne.jp goo.ne.jp biglobe.ne.jp search.com wow.com onet.pl szukaj.onet.pl
    metager.de metager.org fireball.de suche.t-online.de t-online.de suche.web.de suche.gmx.net
    eniro.se kvasir.no centrum.cz atlas.cz alot.com babylon.com conduit.com search-results.com avg.com
    incredimail.com isearch.com mysearch.com myway.com searchlock.com petalsearch.com lilo.org ekoru.org
    karmasearch.org ocearch.org entireweb.com gigablast.com mamma.com zapmeta.com ecosia.com whaleslide.com
    oscobo.com peekier.com searx.be searx.me searxng.org 4get.ca auone.jp
    com.google.android.googlequicksearchbox com.google.chrome.search com.duckduckgo.mobile.android com.microsoft.bing
    com.yandex.searchapp ru.yandex.searchplugin com.nhn.android.search com.ecosia.android com.qwant.liberty`,
  social: `
    facebook.com fb.com fb.me fb.watch messenger.com m.me instagram.com ig.me threads.net threads.com twitter.com
    x.com t.co twitter.co linkedin.com lnkd.in pin.it reddit.com redd.it old.reddit.com tumblr.com tmblr.co
    snapchat.com whatsapp.com wa.me web.whatsapp.com telegram.org telegram.me t.me telegra.ph discord.com discord.gg
    discordapp.com vk.com vk.ru away.vk.com vkontakte.ru ok.ru odnoklassniki.ru weibo.com weibo.cn qq.com
    wechat.com weixin.qq.com douban.com zhihu.com xiaohongshu.com xhslink.com tieba.baidu.com line.me
    kakao.com story.kakao.com pf.kakao.com band.us cafe.naver.com blog.naver.com mixi.jp hatena.ne.jp b.hatena.ne.jp note.com ameblo.jp
    quora.com qr.ae medium.com substack.com mastodon.social mastodon.online mstdn.social mstdn.jp fosstodon.org
    hachyderm.io infosec.exchange mas.to pawoo.net bsky.app bsky.social go.bsky.app lemmy.world lemmy.ml pixelfed.social kbin.social
    misskey.io truthsocial.com gab.com gettr.com parler.com minds.com mewe.com nextdoor.com nextdoor.de meetup.com
    xing.com viadeo.com slideshare.net flickr.com deviantart.com behance.net dribbble.com 500px.com pixiv.net
    goodreads.com letterboxd.com last.fm producthunt.com news.ycombinator.com lobste.rs slashdot.org digg.com
    stumbleupon.com mix.com flipboard.com getpocket.com pocket.co scoop.it diigo.com instapaper.com plurk.com
    livejournal.com dreamwidth.org myspace.com tagged.com badoo.com hi5.com taringa.net skyrock.com gutefrage.net
    jappy.de yammer.com workplace.com stackoverflow.com stackexchange.com superuser.com
    serverfault.com disqus.com 9gag.com imgur.com 4chan.org linktr.ee bio.link beacons.ai
    hubs.ly ow.ly buff.ly fb.gg lm.facebook.com l.facebook.com l.instagram.com out.reddit.com clubhouse.com
    bereal.com lemon8-app.com kuaishou.com ask.fm vero.co cohost.org spoutible.com post.news tribel.com
    com.facebook.katana com.facebook.lite com.facebook.orca com.instagram.android com.instagram.barcelona
    com.twitter.android com.linkedin.android com.pinterest com.reddit.frontpage com.snapchat.android com.whatsapp
    org.telegram.messenger com.tumblr com.discord com.vkontakte.android ru.ok.android jp.naver.line.android
    com.kakao.talk com.andrewshu.android.reddit com.laurencedawson.reddit_sync xyz.blueskyweb.app org.joinmastodon.android
    com.nextdoor com.quora.android com.tencent.mm com.sina.weibo`,
  video: `
    youtube.com youtu.be youtube-nocookie.com m.youtube.com music.youtube.com vimeo.com dailymotion.com dai.ly twitch.tv
    tiktok.com vm.tiktok.com douyin.com rumble.com odysee.com bitchute.com lbry.tv veoh.com metacafe.com wistia.com
    wistia.net fast.wistia.net loom.com netflix.com hulu.com disneyplus.com primevideo.com bilibili.com b23.tv youku.com
    iqiyi.com v.qq.com nicovideo.jp nico.ms rutube.ru kick.com peertube.tv joinpeertube.org ted.com crunchyroll.com
    niconico.com tv.naver.com vk.video vkvideo.ru likee.video triller.co brightcove.com vidyard.com streamable.com
    com.google.android.youtube com.google.ios.youtube com.zhiliaoapp.musically com.ss.android.ugc.trill tv.twitch.android.app
    com.vimeo.android.videoapp com.dailymotion.dailymotion`,
  shopping: `
    shopping.google.com shop.app shopping.yahoo.com shopping.yahoo.co.jp rakuten.com rakuten.co.jp walmart.com
    target.com bestbuy.com alibaba.com aliexpress.com aliexpress.us aliexpress.ru temu.com shein.com wish.com jd.com
    taobao.com tmall.com pinduoduo.com flipkart.com myntra.com snapdeal.com etsy.com shopify.com myshopify.com
    shopzilla.com bizrate.com pricegrabber.com shopping.com nextag.com pricerunner.com pricerunner.dk pricerunner.se
    idealo.de idealo.fr idealo.it idealo.es idealo.co.uk idealo.at geizhals.de geizhals.at billiger.de guenstiger.de
    check24.de otto.de zalando.de zalando.com kaufland.de kelkoo.com kelkoo.co.uk kelkoo.fr kelkoo.de pricespy.co.uk
    pricespy.com prisjakt.nu prisjakt.no prisjagt.dk hintaopas.fi skroutz.gr skroutz.cy heureka.cz heureka.sk
    zbozi.cz ceneo.pl allegro.pl allegro.cz emag.ro emag.hu emag.bg compari.ro arukereso.hu bol.com beslist.nl
    marktplaats.nl tweakers.net cdiscount.com fnac.com rueducommerce.fr leboncoin.fr wallapop.com vinted.com vinted.fr
    vinted.de mercadolibre.com mercadolivre.com.br mercadolibre.com.mx mercadolibre.com.ar buscape.com.br zoom.com.br
    magazineluiza.com.br ozon.ru wildberries.ru wildberries.by market.yandex.ru avito.ru trendyol.com hepsiburada.com
    n11.com akakce.com cimri.com noon.com jumia.com takealot.com shopee.com shopee.co.id shopee.sg shopee.com.br lazada.com
    lazada.co.id lazada.sg tokopedia.com coupang.com gmarket.co.kr 11st.co.kr shopping.naver.com kakaku.com mercari.com
    craigslist.org gumtree.com kleinanzeigen.de stockx.com poshmark.com redbubble.com camelcamelcamel.com slickdeals.net
    mydealz.de pepper.com hotukdeals.com dealabs.com com.amazon.mshop.android.shopping com.ebay.mobile com.etsy.android
    com.alibaba.aliexpresshd com.contextlogic.wish com.einnovation.temu com.zzkko`,
  email: `
    mail.google.com gmail.com googlemail.com outlook.com outlook.live.com outlook.office.com outlook.office365.com
    mail.live.com hotmail.com mail.yahoo.com mail.yahoo.co.jp mail.aol.com proton.me mail.proton.me protonmail.com
    mail.protonmail.com tutanota.com app.tuta.com tuta.com fastmail.com hey.com app.hey.com mail.zoho.com mail.zoho.eu icloud.com
    mail.com mail.ru e.mail.ru mail.yandex.ru mail.yandex.com mail.naver.com mail.daum.net mail.qq.com mail.163.com
    mail.126.com navigator.gmx.net gmx.net gmx.de gmx.com gmx.at gmx.ch web.de mail.t-online.de email.t-online.de
    posteo.de mailbox.org mail.orange.fr messagerie.orange.fr webmail.sfr.fr laposte.net mail.free.fr zimbra.free.fr
    poczta.onet.pl poczta.wp.pl poczta.interia.pl email.seznam.cz email.cz mail.mail.virgilio.it
    mail.rambler.ru webmail.bell.net mail.comcast.net xfinity.com webmail.earthlink.net rediffmail.com superhuman.com
    mail.superhuman.com mail.missiveapp.com campaign-archive.com mailchi.mp list-manage.com sendgrid.net mailerlite.com
    createsend.com cmail19.com cmail20.com mailgun.org klclick.com klclick1.com convertkit-mail.com ck.page beehiiv.com
    hubspotemail.net rs6.net exacttarget.com com.google.android.gm com.google.android.gm.lite com.microsoft.office.outlook
    com.yahoo.mobile.client.android.mail ch.protonmail.android de.gmx.mobile.android.mail de.web.mobile.android.mail
    com.samsung.android.email.provider com.fsck.k9 net.thunderbird.android ru.mail.mailapp`,
  ai: `
    chatgpt.com chat.openai.com openai.com chat.com claude.ai anthropic.com perplexity.ai perplexity.com
    gemini.google.com bard.google.com aistudio.google.com notebooklm.google.com notebooklm.google
    copilot.microsoft.com copilot.com copilot.cloud.microsoft m365.cloud.microsoft edgeservices.bing.com
    deepseek.com chat.deepseek.com grok.com x.ai meta.ai mistral.ai chat.mistral.ai poe.com duck.ai phind.com pi.ai
    character.ai huggingface.co hf.co groq.com cohere.com qwen.ai chat.qwen.ai tongyi.aliyun.com tongyi.com qianwen.com
    kimi.com kimi.ai kimi.moonshot.cn moonshot.cn doubao.com yuanbao.tencent.com yiyan.baidu.com chatglm.cn z.ai
    manus.im genspark.ai felo.ai andisearch.com iask.ai liner.com monica.im jasper.ai writesonic.com komo.ai
    consensus.app elicit.com scite.ai exa.ai lmarena.ai openrouter.ai t3.chat venice.ai lumo.proton.me
    euria.infomaniak.com alice.yandex.ru giga.chat gigachat.ru com.openai.chatgpt com.anthropic.claude
    ai.perplexity.app.android com.google.android.apps.bard com.microsoft.copilot com.deepseek.chat ai.x.grok`,
  none: `
    docs.google.com drive.google.com sites.google.com accounts.google.com classroom.google.com meet.google.com
    calendar.google.com keep.google.com chat.google.com groups.google.com translate.google.com script.google.com
    colab.research.google.com cloud.google.com console.cloud.google.com firebase.google.com play.google.com
    support.google.com developers.google.com tagassistant.google.com analytics.google.com ads.google.com
    adssettings.google.com merchants.google.com myaccount.google.com business.google.com photos.google.com
    pay.google.com login.yahoo.com finance.yahoo.com sports.yahoo.com disk.yandex.ru metrika.yandex.ru direct.yandex.ru
    aws.amazon.com signin.aws.amazon.com music.amazon.com docs.qq.com pan.baidu.com dev.vk.com login.live.com
    translate.goog`,
};

export const domainKinds: ReadonlyMap<string, SourceKind> = new Map(
  (Object.entries(domains) as [SourceKind, string][]).flatMap(([kind, list]) =>
    list
      .trim()
      .split(/\s+/)
      .map((domain): [string, SourceKind] => [domain, kind]),
  ),
);

/** Names that stand under the top level domain of every country ("google.de", "google.co.uk", "amazon.com.br"). */
export const brandKinds: ReadonlyMap<string, SourceKind> = new Map<string, SourceKind>([
  ...(["google", "yahoo", "yandex"] as const).map((brand): [string, SourceKind] => [brand, "search"]),
  ["pinterest", "social"],
  ...(
    [
      "amazon",
      "ebay",
      "etsy",
      "aliexpress",
      "mercadolibre",
      "shopee",
      "lazada",
      "zalando",
      "vinted",
      "idealo",
    ] as const
  ).map((brand): [string, SourceKind] => [brand, "shopping"]),
  ["netflix", "video"],
]);

/** Bare names as campaigns write them (`utm_source=fb`), beside the first labels of well-known domains. */
export const nameKinds: ReadonlyMap<string, SourceKind> = new Map<string, SourceKind>([
  ...words(
    "search",
    "google bing yahoo duckduckgo ddg ecosia baidu yandex naver seznam qwant brave startpage adwords googleads google_ads google-ads bingads bing_ads microsoft msn ask aol",
  ),
  ...words(
    "social",
    "facebook fb facebook_ads facebook-ads fb_ads fbads meta meta_ads metaads instagram ig insta threads twitter x linkedin linkedin_ads pinterest reddit tumblr snapchat whatsapp telegram discord vk vkontakte weibo wechat quora mastodon bluesky bsky xing line nextdoor hackernews hn slideshare facebook-page ig-story igshopping messenger",
  ),
  ...words("video", "youtube yt vimeo tiktok tiktok_ads tiktokads twitch dailymotion rumble bilibili"),
  ...words(
    "shopping",
    "amazon ebay etsy google_shopping google-shopping googleshopping shopping shopify walmart alibaba aliexpress idealo geizhals billiger kelkoo rakuten temu allegro",
  ),
  ...words(
    "email",
    "email e-mail e_mail gmail outlook newsletter mailchimp mailerlite klaviyo sendgrid hubspot_email activecampaign brevo sendinblue substack_email convertkit beehiiv",
  ),
  ...words("ai", "chatgpt openai claude anthropic perplexity gemini copilot deepseek grok mistral poe phind"),
]);

function words(kind: SourceKind, list: string): [string, SourceKind][] {
  return list.split(" ").map((name) => [name, kind]);
}
