import type { Place } from "../../../ingest/steps/geo.ts";

/** A country that visitors come from. */
export interface Market {
  readonly country: string;
  /** Of all visitors of an average site, in percent. */
  readonly weight: number;
  /** Of its visitors, how many use a phone and how many a tablet; the others sit at a desk. */
  readonly mobile: number;
  readonly tablet: number;
  /** Of the phones, how many are iPhones. */
  readonly apple: number;
  /** Standard time, in whole hours east of UTC: when its people are awake. */
  readonly utcOffset: number;
  readonly timezones: ReadonlyArray<string>;
  readonly languages: ReadonlyArray<string>;
  /** Where its people are, the larger regions more often; a country alone where regions tell little. */
  readonly places: ReadonlyArray<Place>;
}

interface MarketRow {
  readonly country: string;
  readonly weight: number;
  readonly apple: number;
  readonly mobile: number;
  readonly tablet?: number;
  readonly utcOffset: number;
  readonly timezones: string;
  readonly languages: string;
  readonly regions?: string;
}

// The first language and zone of a row is the usual one; see `firstOften`.
const rows: ReadonlyArray<MarketRow> = [
  {
    country: "US",
    weight: 27,
    apple: 0.57,
    mobile: 0.55,
    utcOffset: -6,
    timezones: "America/New_York America/Chicago America/Los_Angeles America/Denver",
    languages: "en-US es-US",
    regions: "CA TX NY FL IL PA OH GA NC WA",
  },
  {
    country: "DE",
    weight: 15,
    apple: 0.4,
    mobile: 0.57,
    utcOffset: 1,
    timezones: "Europe/Berlin",
    languages: "de-DE de en-US",
    regions: "NW BY BW NI HE BE SN HH",
  },
  {
    country: "GB",
    weight: 9,
    apple: 0.5,
    mobile: 0.56,
    utcOffset: 0,
    timezones: "Europe/London",
    languages: "en-GB",
    regions: "ENG SCT WLS NIR",
  },
  {
    country: "FR",
    weight: 5,
    apple: 0.37,
    mobile: 0.56,
    utcOffset: 1,
    timezones: "Europe/Paris",
    languages: "fr-FR fr en-US",
  },
  {
    country: "IN",
    weight: 9,
    apple: 0.05,
    mobile: 0.84,
    tablet: 0.01,
    utcOffset: 5,
    timezones: "Asia/Kolkata",
    languages: "en-IN hi-IN en-US",
    regions: "MH KA DL TN TG UP",
  },
  {
    country: "CA",
    weight: 4,
    apple: 0.6,
    mobile: 0.52,
    utcOffset: -5,
    timezones: "America/Toronto America/Vancouver",
    languages: "en-CA fr-CA",
    regions: "ON QC BC AB",
  },
  {
    country: "NL",
    weight: 3.5,
    apple: 0.42,
    mobile: 0.54,
    utcOffset: 1,
    timezones: "Europe/Amsterdam",
    languages: "nl-NL nl en-US",
  },
  {
    country: "AT",
    weight: 3,
    apple: 0.4,
    mobile: 0.58,
    utcOffset: 1,
    timezones: "Europe/Vienna",
    languages: "de-AT de",
  },
  {
    country: "CH",
    weight: 2.5,
    apple: 0.5,
    mobile: 0.55,
    utcOffset: 1,
    timezones: "Europe/Zurich",
    languages: "de-CH fr-CH it-CH",
  },
  {
    country: "ES",
    weight: 3,
    apple: 0.25,
    mobile: 0.63,
    utcOffset: 1,
    timezones: "Europe/Madrid",
    languages: "es-ES es",
  },
  {
    country: "IT",
    weight: 3,
    apple: 0.3,
    mobile: 0.62,
    utcOffset: 1,
    timezones: "Europe/Rome",
    languages: "it-IT it",
  },
  {
    country: "PL",
    weight: 2,
    apple: 0.15,
    mobile: 0.6,
    utcOffset: 1,
    timezones: "Europe/Warsaw",
    languages: "pl-PL pl",
  },
  {
    country: "SE",
    weight: 1.5,
    apple: 0.5,
    mobile: 0.55,
    utcOffset: 1,
    timezones: "Europe/Stockholm",
    languages: "sv-SE en-US",
  },
  {
    country: "BR",
    weight: 4,
    apple: 0.18,
    mobile: 0.72,
    tablet: 0.01,
    utcOffset: -3,
    timezones: "America/Sao_Paulo",
    languages: "pt-BR",
    regions: "SP RJ MG RS PR",
  },
  {
    country: "MX",
    weight: 2,
    apple: 0.25,
    mobile: 0.7,
    utcOffset: -6,
    timezones: "America/Mexico_City",
    languages: "es-MX",
  },
  {
    country: "AU",
    weight: 2.5,
    apple: 0.58,
    mobile: 0.54,
    utcOffset: 10,
    timezones: "Australia/Sydney Australia/Melbourne Australia/Perth",
    languages: "en-AU",
    regions: "NSW VIC QLD WA",
  },
  {
    country: "JP",
    weight: 2,
    apple: 0.6,
    mobile: 0.5,
    utcOffset: 9,
    timezones: "Asia/Tokyo",
    languages: "ja-JP ja",
  },
  {
    country: "ID",
    weight: 1.5,
    apple: 0.1,
    mobile: 0.82,
    utcOffset: 7,
    timezones: "Asia/Jakarta",
    languages: "id-ID",
  },
  {
    country: "NG",
    weight: 1,
    apple: 0.1,
    mobile: 0.85,
    tablet: 0.01,
    utcOffset: 1,
    timezones: "Africa/Lagos",
    languages: "en-NG en-GB",
  },
  {
    country: "ZA",
    weight: 1,
    apple: 0.17,
    mobile: 0.74,
    utcOffset: 2,
    timezones: "Africa/Johannesburg",
    languages: "en-ZA",
  },
];

/** `["a", "b", "c"]` with each value twice as often as the next: `a a a a b b c`. */
const firstOften = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> =>
  values.flatMap((value, index) => Array<A>(2 ** Math.min(6, values.length - 1 - index)).fill(value));

/** Every country there is, the same for every seed. */
export const markets: ReadonlyArray<Market> = rows.map((row) => ({
  country: row.country,
  weight: row.weight,
  mobile: row.mobile,
  tablet: row.tablet ?? 0.035,
  apple: row.apple,
  utcOffset: row.utcOffset,
  timezones: firstOften(row.timezones.split(" ")),
  languages: firstOften(row.languages.split(" ")),
  places:
    row.regions === undefined
      ? [{ country: row.country, region: "" }]
      : firstOften(
          row.regions
            .split(" ")
            .map((region) => ({ country: row.country, region: `${row.country}-${region}` })),
        ),
}));
