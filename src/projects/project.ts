import type { AllowedOrigins, Settings } from "../config.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { defaultPrivacy, type PrivacySettings } from "./privacy.ts";
import { instanceRetention, type ProjectRetention, type RetentionWish } from "./retention.ts";

/** A tenant: its events, numbers and keys are seen by nobody else. */
export interface Project {
  /** A ULID, or `default`. */
  readonly id: string;
  readonly name: string;
  /** Whose pages may send events under its write keys. */
  readonly origins: AllowedOrigins;
  /** IANA name; the days of its stats are of this zone unless a question names another. */
  readonly timezone: string;
  /** Whether its write keys are taken from senders that are no page. */
  readonly allowsMissingOrigin: boolean;
  readonly privacy: PrivacySettings;
  readonly retention: ProjectRetention;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly isDeleted: boolean;
  readonly version: number;
}

/** What a project is made of and what of it can be changed. */
export interface ProjectWish
  extends Pick<Project, "name" | "origins" | "timezone" | "allowsMissingOrigin" | "privacy"> {
  readonly retention: RetentionWish;
}

/** What of a project is to be changed; the rest stays as it is, that of its privacy and retention settings too. */
export interface ProjectChange extends Partial<Omit<ProjectWish, "privacy" | "retention">> {
  readonly privacy?: Partial<PrivacySettings>;
  readonly retention?: Partial<RetentionWish>;
}

/** The project of those who name none: there from the first start, and open to all whom `ALLOWED_ORIGINS` lets in. */
export const defaultProject = ({ allowedOrigins }: Pick<Settings, "allowedOrigins">): Project => ({
  id: DEFAULT_PROJECT,
  name: "Default",
  origins: allowedOrigins,
  timezone: "UTC",
  allowsMissingOrigin: true,
  privacy: defaultPrivacy,
  retention: instanceRetention,
  createdAtMs: 0,
  updatedAtMs: 0,
  isDeleted: false,
  version: 0,
});

/** Whether pages of an origin may send events to the project. */
export const allowsOrigin = ({ origins }: Pick<Project, "origins">, origin: string): boolean =>
  origins === "*" || origins.has(origin.toLowerCase());
