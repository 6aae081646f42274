import { alert, done, field, layout, passwordRule } from "./layout.ts";

const email = field({ name: "email", label: "E-mail", type: "email", autocomplete: "username" });
const name = field({ name: "name", label: "Name", type: "text", autocomplete: "name" });
const password = field({
  name: "password",
  label: "Password",
  type: "password",
  autocomplete: "current-password",
});
const newPassword = field({
  name: "password",
  label: "Password",
  type: "password",
  autocomplete: "new-password",
  hint: passwordRule,
});

const button = (label: string): string => `<button type="submit" class="primary">${label}</button>`;

export const setUpPage = layout({
  name: "setup",
  title: "Set up",
  main: `<h1>Welcome to Footfall</h1>
<p class="lede">Make the first account. It may do everything in every project, and invite others.</p>
${alert}
<form novalidate hidden>
${name}
${email}
${newPassword}
${button("Make the account")}
</form>`,
});

export const loginPage = layout({
  name: "login",
  title: "Log in",
  main: `<h1>Log in</h1>
${done}
${alert}
<form novalidate>
${email}
${password}
${button("Log in")}
</form>`,
});

export const invitePage = layout({
  name: "invite",
  title: "Invitation",
  main: `<h1>You are invited</h1>
<p class="lede">Join a project to see its numbers.</p>
${alert}
<div class="choice" id="logged-in" hidden>
<p>You are logged in as <strong class="who"></strong>.</p>
<button type="button" class="primary" id="accept">Accept</button>
<button type="button" class="plain" id="other">Use another account</button>
</div>
<form novalidate hidden>
${name}
${email}
${newPassword}
<p class="hint">You have an account already? Enter its e-mail and its password.</p>
${button("Accept")}
</form>`,
});

export const resetPage = layout({
  name: "reset",
  title: "New password",
  main: `<h1>Choose a new password</h1>
<p class="lede">You are logged out everywhere else.</p>
${alert}
<form novalidate hidden>
${newPassword}
${button("Save the password")}
</form>`,
});

export const sharePage = layout({
  name: "share",
  title: "Shared numbers",
  main: `<h1>Shared numbers</h1>
${alert}
<form novalidate hidden>
<p class="lede">The link has a password. Whoever sent it to you knows it.</p>
${field({ name: "password", label: "Password", type: "password", autocomplete: "off" })}
${button("Open")}
</form>
<section id="numbers" aria-live="polite" hidden>
<p class="lede"><strong class="project"></strong>, the last 30 days</p>
<dl class="numbers">
<div><dt>Visitors</dt><dd id="visitors">–</dd></div>
<div><dt>Page views</dt><dd id="pageviews">–</dd></div>
<div><dt>Visits</dt><dd id="sessions">–</dd></div>
</dl>
</section>`,
});
