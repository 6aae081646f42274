import { recountBreakdown } from "./breakdown.ts";
import type { EventRow } from "./event-row.ts";
import type { MetricQuestion } from "./metric-question.ts";
import { recountMetrics, recountTimeseriesMetrics } from "./metrics.ts";

/** What the question's route answers, by the events of its project in any order. */
export const recountQuestion = (events: ReadonlyArray<EventRow>, question: MetricQuestion) => {
  switch (question.route) {
    case "metrics":
      return recountMetrics(events, question);
    case "timeseries":
      return recountTimeseriesMetrics(events, question);
    case "breakdown":
      return recountBreakdown(events, question);
  }
};
