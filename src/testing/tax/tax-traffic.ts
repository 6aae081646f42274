import type { EventInput } from "../../domain/event.ts";
import { makeRandom, type Random, ulidAt } from "../traffic/random.ts";
import type { TrafficRequest } from "../traffic/visit.ts";
import { pickAgent, pickCrawler } from "../traffic/world/agents.ts";
import { markets } from "../traffic/world/markets.ts";
import { type Course, courses, type TaxType, taxSteps, taxTypes } from "./tax-plan.ts";

export interface TaxTrafficOptions {
  /** A whole number from 0 to 2^53 - 1. */
  readonly seed: number;
  /** How many units of people there are; see `courses`. */
  readonly units: number;
  /** How long the traffic is; at least {@link MINIMUM_DAYS}. */
  readonly days: number;
  /** When it ends, epoch ms; no event is later. */
  readonly until: number;
}

/** What somebody needs who gives up at first, comes back, and then is too late. */
export const MINIMUM_DAYS = 8;

const SITE = "tax.example";
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NAIROBI_MS = 3 * HOUR_MS;

/** Of those who come through at one go, how many gave up a first time some days before. */
const SECOND_TRY = 0.25;
const WRONG_FIRST = 0.2;
/** Of the people of a unit who file for rent, how many pay turnover tax as well. */
const BOTH = 3;
/** People per unit who look and leave. */
const ONLY_LOOK = 6;

interface Filer {
  readonly id: string;
  readonly userAgent: string;
  readonly screen: string;
  readonly language: string;
  readonly isCrawler: boolean;
  isNew: boolean;
}

const pageOf: Readonly<Record<string, string>> = {
  validation_success: "",
  otp_verified: "/confirm",
  return_filed: "/review",
  payment_completed: "/pay",
};

const seconds = (random: Random, low: number, high: number) => Math.floor(random.between(low, high) * 1000);

/**
 * Traffic of an application for filing tax returns, in the order in which it comes in. Its funnels give
 * `expectedCounts`, whatever the seed: people retry, give up, come back, finish too late, file two kinds of return with
 * the same events, and a headless browser files returns all day.
 */
export const makeTaxTraffic = ({
  seed,
  units,
  days,
  until,
}: TaxTrafficOptions): ReadonlyArray<TrafficRequest> => {
  const random = makeRandom(seed, "tax");
  const market = markets.find(({ country }) => country === "NG") ?? markets[0];
  if (market === undefined) throw new Error("There are no markets.");
  const requests: Array<TrafficRequest> = [];
  let filers = 0;

  const newFiler = (isCrawler = false): Filer => {
    const { userAgent, screens } = isCrawler ? pickCrawler(random) : pickAgent(market, random);
    return {
      id: `tax-${seed.toString(36)}-${++filers}`,
      userAgent,
      screen: screens[random.below(screens.length)] ?? "",
      language: random.chance(0.8) ? "en-KE" : "sw-KE",
      isCrawler,
      isNew: true,
    };
  };

  // Nobody files at night.
  const someTime = (): number => {
    const at = Math.floor(random.between(until - (days - 4) * DAY_MS, until - 2 * DAY_MS));
    const hour = Math.floor(((at + NAIROBI_MS) % DAY_MS) / HOUR_MS);
    return hour < 6 ? at + 6 * HOUR_MS : at;
  };

  /** One visit: the start page, and then a page for each step. */
  const visit = (filer: Filer, type: TaxType, start: number, steps: ReadonlyArray<string>) => {
    const session = `${filer.id}.${start.toString(36)}`;
    const properties = { tax_type: type, period: new Date(start - 20 * DAY_MS).toISOString().slice(0, 7) };
    let at = start;
    let referrer = "";
    const view = (path: string, types: ReadonlyArray<string>, isFirst = false) => {
      const url = `https://${SITE}${path}`;
      const events = ["page_view", ...types].map((eventType): EventInput => {
        const event: EventInput = {
          event_id: ulidAt(at, random),
          event_type: eventType,
          occurred_at: at,
          site_id: SITE,
          source: "web",
          page_url: url,
          page_title: "File a return",
          referrer,
          screen: filer.screen,
          language: filer.language,
          timezone: "Africa/Nairobi",
          visitor_id: filer.id,
          session_id: session,
          properties: eventType === "page_view" ? {} : properties,
        };
        at += filer.isCrawler ? 20 : seconds(random, 4, 90);
        return event;
      });
      requests.push({
        events,
        userAgent: filer.userAgent,
        place: { country: "KE", region: "" },
        receivedAt: at,
        siteId: SITE,
        postId: 0,
        startsSession: isFirst,
        startsVisitor: filer.isNew,
        isCrawler: filer.isCrawler,
      });
      filer.isNew = false;
      referrer = url;
    };
    view("/", [], true);
    for (const step of steps) {
      const wrong = step === "validation_success" && random.chance(WRONG_FIRST) ? ["validation_failed"] : [];
      view(`/returns/${type.toLowerCase()}${pageOf[step] ?? ""}`, [...wrong, step]);
    }
  };

  const file = (filer: Filer, type: TaxType, { steps, tooLate }: Course) => {
    const all = taxSteps[type];
    const start = someTime();
    if (tooLate === 0 && steps > 1 && random.chance(SECOND_TRY)) {
      visit(filer, type, start - 3 * DAY_MS - seconds(random, 0, 7200), all.slice(0, 1));
    }
    visit(filer, type, start, all.slice(0, steps));
    if (tooLate > 0) {
      visit(
        filer,
        type,
        start + 26 * HOUR_MS + seconds(random, 0, 36_000),
        all.slice(steps, steps + tooLate),
      );
    }
  };

  for (let unit = 0; unit < units; unit++) {
    const landlords = courses.MRI.map(() => newFiler());
    for (const type of taxTypes) {
      for (const [index, course] of courses[type].entries()) {
        const known = type === "MRI" || (type === "TOT" && index < BOTH) ? landlords[index] : undefined;
        file(known ?? newFiler(), type, course);
      }
    }
    for (let i = 0; i < ONLY_LOOK; i++) visit(newFiler(), "NIL", someTime(), []);
    file(newFiler(true), "MRI", { steps: 4, tooLate: 0 });
  }
  return requests.sort((a, b) => a.receivedAt - b.receivedAt);
};
