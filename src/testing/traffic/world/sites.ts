import { makeRandom, type Picker, type Random, shuffled, weighted, zipf } from "../random.ts";
import { type Market, markets } from "./markets.ts";
import { type Phone, phones } from "./phones.ts";

/** A place in a post that shows one phone: what a mapping stands for. */
export interface Widget {
  readonly mappingId: number;
  readonly index: number;
  readonly phone: Phone;
  readonly rawModel: string;
  /** How often it is clicked by those who see it. */
  readonly appeal: number;
}

export interface Post {
  /** Unlike in WordPress, no two sites have a number in common, so that a post can be asked for without its site. */
  readonly id: number;
  readonly path: string;
  readonly title: string;
  readonly widgets: ReadonlyArray<Widget>;
}

export interface Site {
  /** Its domain. */
  readonly id: string;
  readonly source: "wordpress" | "web";
  readonly name: string;
  readonly posts: ReadonlyArray<Post>;
  /** Its posts by Zipf's law, the first rank anywhere in time. */
  readonly popular: Picker<Post>;
}

/** What visitors meet; it depends on the seed and the number of sites alone. */
export interface World {
  readonly sites: Picker<Site> & { readonly all: ReadonlyArray<Site> };
  /** In the order of `markets`: which of all visitors come from there, and the sites they go to. */
  readonly audiences: ReadonlyArray<{ readonly share: number; readonly sites: Picker<Site> }>;
}

const LARGEST_SITE_SHARE = 0.4;
const LARGEST_SITE_POSTS = 240;
const POST_EXPONENT = 1.05;
/** A site is read in its own country so many times more than elsewhere. */
const HOME_FACTOR = 8;

const names =
  "Phone Notes,Gadget Daily,Handy Kompass,Pocket Review,Mobile Lab,Le Bon Mobile,Pixel Post,Telefoon Gids,Deal Finder,Smartphone Welt,Tech Tested,Camera in Hand,The Handset,Budget Phones,Mobilmarkt,Unboxed,Signal and Screen,Battery Life,Fold and Flip,Second Screen".split(
    ",",
  );
// Where each of them is read most.
const homes = "US GB DE US IN FR US NL GB DE US CA GB AU AT US SE ES IT BR".split(" ");

const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

type Title = (first: string, second: string, random: Random) => string;
const titles: ReadonlyArray<Title> = [
  (first, second) => `${first} vs ${second}: which one to buy`,
  (first, _, random) => `${first} review: after ${2 + random.below(11)} weeks`,
  (first) => `Where the ${first} is cheapest this month`,
  (first) => `The best alternatives to the ${first}`,
  (first, second) => `From ${second} to ${first}: is it worth it`,
  (_, __, random) => `The best phones under ${2 + random.below(9)}00 euros`,
  (_, __, random) => `${3 + random.below(7)} phones with the longest battery life`,
  (first) => `${first}: every question answered`,
  (_, second) => `Ten settings to change on your ${second}`,
  (_, __, random) => `Phones of the year ${2023 + random.below(4)}`,
];

/** Numbers with gaps, as databases give them. */
const counter = (start: number, largestStep: number, random: Random) => {
  let last = start;
  return (): number => {
    last += 1 + random.below(largestStep);
    return last;
  };
};

// The exponent at which the first of `count` sites has the wanted share; two sites cannot have it.
const exponentOf = (count: number): number => {
  let [low, high] = [0.5, 3];
  for (let turn = 0; turn < 40; turn++) {
    const middle = (low + high) / 2;
    let total = 0;
    for (let rank = 1; rank <= count; rank++) total += rank ** -middle;
    if (1 / total < LARGEST_SITE_SHARE) low = middle;
    else high = middle;
  }
  return low;
};

const makePosts = (count: number, random: Random, postId: () => number, mappingId: () => number) => {
  const favourites = zipf(shuffled(phones, random), 0.8);
  const taken = new Map<string, number>();
  return Array.from({ length: count }, (): Post => {
    const shown = new Set<Phone>();
    const wanted = 3 + random.below(4);
    while (shown.size < wanted) shown.add(favourites.pick(random));
    const [first, second] = [...shown];
    const title = titles[random.below(titles.length)]?.(first?.name ?? "", second?.name ?? "", random) ?? "";
    const slug = slugOf(title);
    const same = (taken.get(slug) ?? 0) + 1;
    taken.set(slug, same);
    const month = String(1 + random.below(12)).padStart(2, "0");
    const interest = random.between(0.6, 1.6);
    return {
      id: postId(),
      path: `/${2023 + random.below(3)}/${month}/${slug}${same === 1 ? "" : `-${same}`}/`,
      title,
      widgets: [...shown].map((phone, index) => ({
        mappingId: mappingId(),
        index,
        phone,
        rawModel: phone.rawModels[random.below(phone.rawModels.length)] ?? phone.name,
        appeal: random.between(0.008, 0.05) * interest,
      })),
    };
  });
};

/** The sites, their posts and widgets: a mapping belongs to one post and one phone. */
export const makeWorld = (seed: number, siteCount: number): World => {
  const random = makeRandom(seed, "world");
  const postId = counter(100, 8, random);
  const mappingId = counter(1000, 3, random);
  const shares = zipf(Array(siteCount).fill(0), exponentOf(siteCount)).shares;
  const all = shares.map((share, rank): Site => {
    const round = Math.floor(rank / names.length);
    const name = `${names[rank % names.length]}${round === 0 ? "" : ` ${round + 1}`}`;
    const size = Math.max(8, Math.round(LARGEST_SITE_POSTS * Math.sqrt(share / (shares[0] ?? 1))));
    const posts = makePosts(size, random, postId, mappingId);
    return {
      id: `${slugOf(name)}.example`,
      source: rank % 5 === 3 ? "web" : "wordpress",
      name,
      posts,
      popular: zipf(shuffled(posts, random), POST_EXPONENT),
    };
  });
  // Of every site's readers, how many come from a market.
  const readers = all.map((_, rank) => {
    const home = homes[rank % homes.length];
    return weighted(markets, (market: Market) => market.weight * (market.country === home ? HOME_FACTOR : 1))
      .shares;
  });
  const joint = (rank: number, market: number) => (shares[rank] ?? 0) * (readers[rank]?.[market] ?? 0);
  return {
    sites: { ...weighted(all, (_, rank) => shares[rank] ?? 0), all },
    audiences: markets.map((_, market) => ({
      share: all.reduce((sum, __, rank) => sum + joint(rank, market), 0),
      sites: weighted(all, (__, rank) => joint(rank, market)),
    })),
  };
};
