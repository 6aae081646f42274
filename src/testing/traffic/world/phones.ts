/** A phone that widgets show. */
export interface Phone {
  /** The shop's number of the device. */
  readonly id: number;
  readonly slug: string;
  readonly brand: string;
  readonly name: string;
  /** Names as shops write them, one of which a widget carries. */
  readonly rawModels: ReadonlyArray<string>;
}

const models: Readonly<Record<string, ReadonlyArray<string>>> = {
  Apple: [
    "iPhone 17 Pro Max",
    "iPhone 17 Pro",
    "iPhone 17",
    "iPhone Air",
    "iPhone 16e",
    "iPhone 16 Pro",
    "iPhone 16",
    "iPhone 15 Pro",
    "iPhone 15",
    "iPhone 14",
    "iPhone SE",
  ],
  Samsung: [
    "Galaxy S25 Ultra",
    "Galaxy S25",
    "Galaxy S25 FE",
    "Galaxy S24",
    "Galaxy Z Fold7",
    "Galaxy Z Flip7",
    "Galaxy A56",
    "Galaxy A36",
    "Galaxy A16",
    "Galaxy XCover7",
  ],
  Google: ["Pixel 10 Pro", "Pixel 10", "Pixel 9a", "Pixel 9", "Pixel 8a", "Pixel 8"],
  Xiaomi: [
    "Xiaomi 15 Ultra",
    "Xiaomi 15",
    "Xiaomi 14T",
    "Redmi Note 14 Pro",
    "Redmi 14C",
    "Poco F7",
    "Poco X7 Pro",
  ],
  OnePlus: ["OnePlus 13", "OnePlus 13R", "OnePlus Nord 5", "OnePlus Nord CE5"],
  Motorola: ["Razr 60 Ultra", "Edge 60 Pro", "Moto G86", "Moto G56"],
  Sony: ["Xperia 1 VII", "Xperia 10 VI"],
  Nothing: ["Nothing Phone (3)", "Nothing Phone (3a)", "CMF Phone 2 Pro"],
  Honor: ["Magic7 Pro", "Honor 400", "Honor 400 Lite"],
  Oppo: ["Find X8 Pro", "Reno14", "Oppo A5 Pro"],
  Fairphone: ["Fairphone 6", "Fairphone 5"],
  Asus: ["ROG Phone 9", "Zenfone 12 Ultra"],
  Realme: ["Realme GT 7", "Realme 14 Pro"],
};

const storages = ["128GB", "256GB", "512GB"];

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** Every phone there is, the same for every seed. */
export const phones: ReadonlyArray<Phone> = Object.entries(models)
  .flatMap(([brand, names]) => names.map((name) => ({ brand, name })))
  .map(({ brand, name }, index) => {
    const full = name.startsWith(brand) ? name : `${brand} ${name}`;
    return {
      id: 1001 + index,
      slug: slugOf(name),
      brand,
      name,
      rawModels: [name, ...storages.map((storage) => `${full} ${storage}`)],
    };
  });
