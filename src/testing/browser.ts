import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Starts a real headless Chromium for a test; the caller closes it. Uses `CHROMIUM_PATH`, else the system's Chromium,
 * and fails with a line that says what to install where there is none.
 *
 * `userAgent` is what the whole browser calls itself. That of a page or context does not reach what is sent while a page
 * is left.
 */
export const launchBrowser = async (userAgent?: string): Promise<Browser> => {
  const executablePath = process.env.CHROMIUM_PATH ?? CANDIDATES.find(existsSync);
  if (!executablePath)
    throw new Error("No Chromium found: install the package `chromium` or set CHROMIUM_PATH.");
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
      ...(userAgent === undefined ? [] : [`--user-agent=${userAgent}`]),
    ],
  });
};
