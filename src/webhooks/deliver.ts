import { Clock, Data, Duration, Effect } from "effect";
import { type Delivery, dueDeliveries, putDeliveries } from "./delivery.ts";
import { post } from "./post.ts";
import { MAXIMUM_ATTEMPTS, pauseAfter } from "./schedule.ts";
import { signedHeaders } from "./signature.ts";
import { findTarget, TargetRefused } from "./target.ts";
import { activeWebhooks, closeWebhook, type Webhook } from "./webhook.ts";

/** An attempt that was not answered within its time. */
class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly message: string }> {}

/** For everything from looking up the name to the status of the answer. */
const ATTEMPT_DEADLINE = Duration.seconds(10);

/** Receivers that do not answer must not keep others waiting for long. */
const CONCURRENCY = 8;

const GONE = 410;
const MAXIMUM_ERROR_LENGTH = 200;

interface Outcome {
  /** 0 without an answer. */
  readonly status: number;
  readonly error: string;
}

const noAnswer = new NoAnswer({
  message: `no answer within ${Duration.toSeconds(ATTEMPT_DEADLINE)} seconds`,
});

const describe = (failure: { readonly message: string }): string =>
  (failure instanceof TargetRefused ? `url ${failure.message}` : failure.message).slice(
    0,
    MAXIMUM_ERROR_LENGTH,
  );

/** Sends a delivery once; the name is looked up and checked anew each time. */
const attempt = ({ url, secret }: Webhook, { id, payload, attempts }: Delivery) =>
  Effect.gen(function* () {
    const target = yield* findTarget(url);
    // Another one each time, should the first not answer.
    const address = target.addresses[attempts % target.addresses.length] ?? "";
    const nowMs = yield* Clock.currentTimeMillis;
    return yield* post(target, address, payload, signedHeaders(secret, { id, body: payload, nowMs }));
  }).pipe(
    Effect.timeoutFail({ duration: ATTEMPT_DEADLINE, onTimeout: () => noAnswer }),
    Effect.match({
      onSuccess: (status): Outcome => ({
        status,
        error: status >= 200 && status < 300 ? "" : `status ${status}`,
      }),
      onFailure: (failure): Outcome => ({ status: 0, error: describe(failure) }),
    }),
  );

/** What an attempt came to, as it is noted down. */
const after = (delivery: Delivery, { status, error }: Outcome) =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis;
    const attempts = delivery.attempts + 1;
    const pause = error === "" || status === GONE ? undefined : yield* pauseAfter(attempts);
    const next: Delivery = {
      ...delivery,
      state: error === "" ? "delivered" : pause === undefined ? "failed" : "pending",
      attempts,
      status,
      error,
      attemptedMs: nowMs,
      nextAttemptMs: nowMs + (pause ?? 0),
    };
    return next;
  });

// Neither the secret nor the URL, which may hold one, is in a line of the log.
const logged = ({ id, project }: Webhook, { state, attempts, status, error, ...times }: Delivery) => {
  const about = `Webhook ${id} of project ${project}`;
  if (state === "delivered") return Effect.void;
  if (status === GONE) {
    return Effect.logWarning(`${about} is gone, says its receiver, and is told nothing any more`);
  }
  const minutes = Math.round((times.nextAttemptMs - times.attemptedMs) / 60_000);
  const next = state === "failed" ? "was the last" : `is followed by one in ${minutes} min`;
  return Effect.logWarning(`${about}: attempt ${attempts} of ${MAXIMUM_ATTEMPTS} ${next}: ${error}`);
};

/**
 * Makes every attempt that is due, each time it is run. A process that ends after an attempt and before it is noted down makes
 * it again when it is back: a receiver may get a delivery more than once, always with the same id.
 */
export const makeDeliver = () => {
  // Attempts that were made, and could not be noted down yet: not to be made again because ClickHouse takes no rows.
  const unnoted = new Map<string, Delivery>();

  const note = (made: ReadonlyArray<Delivery>) =>
    Effect.tap(putDeliveries(made), () => {
      for (const { id } of made) unnoted.delete(id);
    });

  // A stop of the service waits until what was told is noted down.
  const deliver = (webhook: Webhook, delivery: Delivery) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const made = yield* after(delivery, yield* restore(attempt(webhook, delivery)));
        unnoted.set(made.id, made);
        yield* logged(webhook, made);
        yield* note([made]);
        if (made.status === GONE) yield* closeWebhook(webhook);
      }),
    ).pipe(
      Effect.catchAllCause((cause) =>
        Effect.logWarning(`A delivery to webhook ${webhook.id} could not be noted down`, cause),
      ),
    );

  return Effect.gen(function* () {
    yield* note([...unnoted.values()]);
    const webhooks = new Map((yield* activeWebhooks).map((webhook) => [webhook.id, webhook]));
    if (webhooks.size === 0) return;
    const due = yield* dueDeliveries([...webhooks.keys()], yield* Clock.currentTimeMillis);
    yield* Effect.forEach(
      due,
      (delivery) => {
        const webhook = webhooks.get(delivery.webhookId);
        return webhook === undefined ? Effect.void : deliver(webhook, delivery);
      },
      { concurrency: CONCURRENCY, discard: true },
    );
  });
};
