/** Kinds of return that are filed: monthly rental income, turnover tax, and that there was no income. */
export const taxTypes = ["MRI", "TOT", "NIL"] as const;
export type TaxType = (typeof taxTypes)[number];

/** The steps of a return, in order. */
export const taxSteps: Readonly<Record<TaxType, ReadonlyArray<string>>> = {
  MRI: ["validation_success", "otp_verified", "return_filed", "payment_completed"],
  TOT: ["validation_success", "otp_verified", "return_filed"],
  NIL: ["validation_success", "otp_verified", "return_filed"],
};

/** How far somebody comes with a return: steps at one go, and steps on the next day, when it is too late. */
export interface Course {
  readonly steps: number;
  readonly tooLate: number;
}

const times = (count: number, steps: number, tooLate = 0): ReadonlyArray<Course> =>
  Array.from({ length: count }, () => ({ steps, tooLate }));

/** The people of one unit of the example, per kind of return. */
export const courses: Readonly<Record<TaxType, ReadonlyArray<Course>>> = {
  MRI: [
    ...times(12, 4),
    ...times(1, 3, 1),
    ...times(3, 3),
    ...times(1, 2, 1),
    ...times(1, 2),
    ...times(2, 1),
  ],
  TOT: [...times(10, 3), ...times(1, 2, 1), ...times(1, 2), ...times(3, 1)],
  NIL: [...times(10, 3), ...times(1, 2), ...times(1, 1)],
};

/** How many people the funnel of a kind of return finds at each step in so many units. */
export const expectedCounts = (type: TaxType, units: number): ReadonlyArray<number> =>
  taxSteps[type].map((_, index) => units * courses[type].filter(({ steps }) => steps > index).length);
