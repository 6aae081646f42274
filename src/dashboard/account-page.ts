import { alert, consent, done, field, layout, passwordRule } from "./layout.ts";

/** Tells a password manager whose password it is; nobody sees it. */
const whose = '<input type="email" class="username" autocomplete="username" tabindex="-1" readonly hidden>';

const sessions = `<section aria-labelledby="sessions-title">
<h2 id="sessions-title" tabindex="-1">Where you are logged in</h2>
<ul class="sessions"></ul>
${done}
${alert}
<div class="actions">
<button type="button" class="plain" id="logout">Log out here</button>
<button type="button" class="plain" id="logout-others" hidden>Log out everywhere else</button>
</div>
</section>`;

const password = `<section aria-labelledby="password-title">
<h2 id="password-title">Password</h2>
<p class="note">A new one logs you out everywhere but here.</p>
${done}
<form id="password-form" novalidate>
${whose}
${field({
  name: "current",
  label: "Current password",
  type: "password",
  autocomplete: "current-password",
})}
${field({
  name: "password",
  label: "New password",
  type: "password",
  autocomplete: "new-password",
  hint: passwordRule,
})}
${alert}
<button type="submit" class="primary">Change the password</button>
</form>
</section>`;

const leaving = `<section class="danger" aria-labelledby="leaving-title">
<h2 id="leaving-title">Delete your account</h2>
<p>You leave every project at once, and cannot come back without a new invitation.</p>
<button type="button" class="plain" id="leave">Delete the account…</button>
</section>
<dialog id="leaving" aria-labelledby="leaving-question" aria-describedby="leaving-words">
<h2 id="leaving-question">Delete your account?</h2>
<div id="leaving-words">
<p>This cannot be undone.</p>
<ul>
<li>You are logged out everywhere, and leave every project.</li>
<li>Your name and e-mail address are erased, and the invitations that you have made end.</li>
<li>What the projects have counted stays, and so do their keys and shared links.</li>
</ul>
<p>Where nobody else could manage a project, or the whole installation, you have to make somebody else an owner first.</p>
</div>
<form id="leaving-form" novalidate>
${whose}
${field({
  name: "password",
  id: "leaving-password",
  label: "Your password",
  type: "password",
  autocomplete: "current-password",
})}
${consent({
  name: "sure",
  label: "Delete my account for good",
  missing: "Tick the box if you are sure.",
})}
${alert}
<div class="actions">
<button type="submit" class="primary final">Delete the account</button>
<button type="button" class="plain" id="stay">Cancel</button>
</div>
</form>
</dialog>`;

/** One's own account: projects, sessions, the password, and leaving. */
export const accountPage = layout({
  name: "account",
  title: "Your account",
  main: `<h1>Hello<span class="name"></span></h1>
<div id="account" hidden>
<p class="lede">You are logged in as <strong class="who"></strong>.</p>
<section aria-labelledby="projects-title">
<h2 id="projects-title">Projects</h2>
<ul class="projects"></ul>
<p class="note" id="none" hidden>You are in no project. Whoever runs one can invite you.</p>
</section>
${sessions}
${password}
${leaving}
</div>`,
});
