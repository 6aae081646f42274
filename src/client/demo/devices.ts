/** A phone of the demo shop: its slug is the `device_slug` of the widget and the last part of its page's address. */
export interface DemoDevice {
  readonly slug: string;
  readonly name: string;
  readonly rawModel: string;
  readonly mappingId: number;
  readonly price: string;
  readonly screen: string;
  readonly battery: string;
  readonly camera: string;
  /** Colour of the drawn phone. */
  readonly hue: number;
}

/** The post all demo widgets belong to. */
export const DEMO_POST_ID = 123;

/** The demo's phones in the order of their widgets. */
export const demoDevices: readonly DemoDevice[] = [
  {
    slug: "iphone-15-pro",
    name: "iPhone 15 Pro",
    rawModel: "Apple iPhone 15 Pro 128GB",
    mappingId: 456,
    price: "€ 899",
    screen: "6.1″ OLED, 120 Hz",
    battery: "3,274 mAh",
    camera: "48 MP, 3× zoom",
    hue: 28,
  },
  {
    slug: "galaxy-s24",
    name: "Galaxy S24",
    rawModel: "Samsung Galaxy S24 256GB",
    mappingId: 457,
    price: "€ 649",
    screen: "6.2″ AMOLED, 120 Hz",
    battery: "4,000 mAh",
    camera: "50 MP, 3× zoom",
    hue: 255,
  },
  {
    slug: "pixel-8a",
    name: "Pixel 8a",
    rawModel: "Google Pixel 8a",
    mappingId: 458,
    price: "€ 429",
    screen: "6.1″ OLED, 120 Hz",
    battery: "4,492 mAh",
    camera: "64 MP",
    hue: 150,
  },
  {
    slug: "xperia-10-vi",
    name: "Xperia 10 VI",
    rawModel: "Sony Xperia 10 VI",
    mappingId: 459,
    price: "€ 349",
    screen: "6.1″ OLED, 60 Hz",
    battery: "5,000 mAh",
    camera: "48 MP",
    hue: 205,
  },
  {
    slug: "fairphone-5",
    name: "Fairphone 5",
    rawModel: "Fairphone 5 256GB",
    mappingId: 460,
    price: "€ 499",
    screen: "6.5″ OLED, 90 Hz",
    battery: "4,200 mAh, replaceable",
    camera: "50 MP",
    hue: 95,
  },
];

/** The widget that is in the page but never shown. */
export const HIDDEN_SLUG = "xperia-10-vi";
