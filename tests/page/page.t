#!/usr/bin/env node
// What the reader of a report sees: the page that the C writer makes, in Chromium.
//
// Needs what `make check` builds: $BUILD/tests/write_report, $BUILD/page/node_modules, and Chromium
// (FTSTRESS_CHROMIUM, default /usr/bin/chromium).
"use strict";

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const top = path.resolve(__dirname, "../..");
const build = path.resolve(top, process.env.BUILD ?? "build");
const { chromium } = require(path.join(build, "page/node_modules/playwright-core"));
const fixtureFile = path.join(__dirname, "fixture.json");
const fixture = () => JSON.parse(fs.readFileSync(fixtureFile, "utf8"));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "ftstress-page-"));

const RACE = "data-race-3f9a1c07be52";
const UPSTREAM = "data-race-a07721d4c3e8";
const HANG = "hang-60d2f8c41b9a";
const FAILURE = "test-failure-91c6e2ab07d5";
const CYCLE = "lock-order-0e47d9528ba1";

/** A report in a format, from a fixture that `change` may have changed. */
function write(format, change, environment = {}, copies = 1) {
  const data = fixture();
  change?.(data);
  const input = path.join(scratch, "input.json");
  fs.writeFileSync(input, JSON.stringify(data));
  const root = path.join(scratch, "root");
  return execFileSync(path.join(build, "tests/write_report"), [format, input, root, `${copies}`], {
    maxBuffer: 1 << 28,
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
}

let written = 0;
function writePage(change, environment, copies) {
  const file = path.join(scratch, `page-${++written}.html`);
  fs.writeFileSync(file, write("html", change, environment, copies));
  return `file://${file}`;
}

// ---- a test harness of a few lines ----

const promises = [];
/** With an argument, those alone that have it in their name. */
const only = process.argv[2] ?? "";
const test = (name, run) => name.includes(only) && promises.push({ name, run });

function equal(got, wanted, what = "value") {
  const [one, other] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: ${one}, not ${other}`);
}

function holds(condition, what) {
  if (!condition) throw new Error(what);
}

let browser;
let url;
const troubles = [];

/** Until what an action has changed is drawn: the page hears of a new hash in a task of its own. */
function drawn(page) {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    await new Promise(setTimeout);
  });
}

/** Actions end when the page shows what came of them. */
function waitAfterActions(page) {
  const locators = Object.getPrototypeOf(page.locator("body"));
  for (const name of locators.actionsWait ? [] : ["click", "fill", "selectOption"]) {
    const act = locators[name];
    locators[name] = async function (...args) {
      await act.apply(this, args);
      await drawn(this.page());
    };
  }
  locators.actionsWait = true;
  const press = page.keyboard.press.bind(page.keyboard);
  page.keyboard.press = async (...args) => {
    await press(...args);
    await drawn(page);
  };
}

/** A page with the report open at a hash; all trouble that it has is a failure. */
async function open(hash = "", { at = url, width = 1440, height = 900, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  waitAfterActions(page);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("dialog", (dialog) => troubles.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== at && !request.url().startsWith("data:"))
      troubles.push(`request: ${request.url()}`);
  });
  await page.goto(`${at}#/${hash}`);
  await page.waitForSelector("h1, .nothing");
  return page;
}

const heading = (page) => page.locator("h1").innerText();
const texts = (locator) => locator.allInnerTexts();
const side = (page, index) => page.locator("section.side").nth(index);
/** What the thread did, without the stacks of its locks and of its start. */
const stack = (page, index) => side(page, index).locator("> .stack");

// ---- the list ----

test("the_verdict_is_the_heading_of_the_list", async () => {
  const page = await open();
  equal(
    await heading(page),
    "4 new findings in 20 iterations of numpy_tests; 1 known, 1 upstream, 1 suppressed",
  );
  equal(
    await page.locator(".breakdown").innerText(),
    "1 data race, 1 crash, 1 out of memory and 1 test failure under threads.",
  );
  holds((await page.title()).startsWith("4 new findings"), "the title says it too");
});

test("a_run_that_found_nothing_says_what_ran", async () => {
  const page = await open("", { at: writePage((data) => (data.findings = [])) });
  equal(await heading(page), "Nothing found in 20 iterations of numpy_tests");
  const known = (data) => (data.findings = data.findings.filter((f) => f.status === "known"));
  const other = await open("", { at: writePage(known) });
  equal(await heading(other), "Nothing new in 20 iterations of numpy_tests; 1 known");
});

test("findings_are_grouped_by_status_and_new_ones_come_first", async () => {
  const page = await open();
  const groups = (await texts(page.locator(".group h2"))).map((text) => text.split(/\s/)[0]);
  equal(groups, ["New", "Known", "Upstream", "Suppressed"]);
  equal(await page.locator(".group.new .finding-row").count(), 4);
  const row = await page.locator(".finding-row").first().innerText();
  for (const part of ["Data race", "14×", "mt19937.c:17", "_mt19937.pyx:289", "Cython"])
    holds(row.includes(part), `the row says ${part}: ${row}`);
});

test("the_list_is_filtered_by_what_stands_in_the_hash", async () => {
  const page = await open("?status=new&kind=data-race");
  equal(await page.locator(".finding-row").count(), 1);
  await page.locator(".tabs a", { hasText: "All" }).click();
  equal(await page.locator(".finding-row").count(), 2, "data races of every status");
  equal(await page.locator("#text-filter").inputValue(), "kind:data-race", "the filter says it");
  await page.locator("select.kinds").selectOption("");
  await page.locator("#text-filter").fill("test_array");
  equal(await page.locator(".finding-row").count(), 2, "a test's name finds its findings");
  holds(page.url().endsWith("#/?q=test_array"), `the hash has it: ${page.url()}`);
  await page.locator("#text-filter").fill("nowhere");
  holds((await page.locator(".nothing").innerText()).includes("Show all 7"), "a way out");
});

test("the_filter_speaks_a_language", async () => {
  const page = await open();
  const rows = async (query) => {
    await page.locator("#text-filter").fill(query);
    return page.locator(".finding-row").count();
  };
  const all = fixture().findings.length;
  for (const [query, number] of [
    ["status:new", 4],
    ["status:new,known", 5],
    ["-status:new", all - 4],
    ["kind:data-race status:upstream", 1],
    ["kind:crash,test-failure", 2],
    ["function:mt19937_seed", 1],
    ["file:mt19937.c:17", 1],
    ["-function:mt19937_seed kind:data-race", 1],
    ["module:numpy/random", 1],
    ['"Python stopped"', 0],
    ["status:nothing", 0],
    ["no:qualifier", 0],
    ["-", all],
    ["", all],
  ])
    equal(await rows(query), number, query);
  equal(await rows('"MT19937: '), 1, "quotes that are still open");
  await page.locator(".tabs a", { hasText: "New" }).click();
  equal(await page.locator("#text-filter").inputValue(), 'status:new "mt19937: "');
  holds(page.url().includes("#/?q=status%3Anew+"), page.url());
  await page.locator(".query-help summary").click();
  holds(await page.getByText("file:mt19937.c:17").isVisible(), "examples");
});

test("the_list_is_sorted_as_the_hash_says", async () => {
  const page = await open("?q=status:new&sort=title");
  const titles = await texts(page.locator(".finding-row .title"));
  equal(titles, [...titles].sort((a, b) => a.localeCompare(b, "en", { numeric: true })));
  await page.locator("select.orders").selectOption("often");
  holds(page.url().endsWith("sort=often"), page.url());
  const times = (await texts(page.locator(".often .times"))).map((text) => parseInt(text.match(/\d+/)[0]));
  equal(times, [...times].sort((a, b) => b - a));
});

test("what_limits_the_verdict_stands_beside_it", async () => {
  const change = ({ run }) => Object.assign(run, { interrupted: true, records_lost: 12 });
  const page = await open("", { at: writePage(change) });
  const caveats = await page.locator(".caveats").innerText();
  for (const part of ["interrupted", "12 records", "stop-the-world", "1 suppression", "2 notes"])
    holds(caveats.includes(part), `${part} in: ${caveats}`);
});

// ---- types of a run of pairs ----

const BOX = Array.from({ length: 3 }, (_, index) => `data-race-00000000000${index}`);

/** Three races of one type's operations, on two of its fields, before all else. */
function withType(data) {
  const model = data.findings.find((finding) => finding.id === RACE);
  const races = BOX.map((id, index) => ({
    ...structuredClone(model),
    id,
    title: `race ${index}`,
    tests: [`words.Box::add|${["pop", "get", "pop"][index]}`],
    subject: {
      ...model.subject,
      type: "words.Box",
      offset: index < 2 ? 16 : 24,
      allocated: model.subject.allocated.map((frame) => ({ ...frame, line: frame.line + 1 })),
    },
  }));
  data.findings.unshift(...races);
}

test("the_races_of_a_type_are_one_row_that_leads_to_what_they_are_on", async () => {
  const page = await open("", { at: writePage(withType) });
  equal(await page.locator(".group.new .finding-row").count(), 5);
  const row = page.locator(".finding-row").first();
  const text = await row.innerText();
  for (const part of ["3 data races", "words.Box: ", "add races, against 2 operations", "add, pop, get", "42×"])
    holds(text.includes(part), `${part} in: ${text}`);
  await row.click();
  await page.getByRole("heading", { level: 1, name: /^words.Box: / }).waitFor();
  const entry = await page.locator("article").innerText();
  for (const part of ["add|pop", "add|get", "race 0", "race 2"])
    holds(entry.includes(part), `${part} in: ${entry}`);
  equal(await page.locator("table.fields tr").count(), 2);
  equal(await texts(page.locator("table.fields summary")), ["2 races", "1 race"]);
  await page.locator(".finding-row", { hasText: "race 2" }).click();
  await page.getByRole("heading", { level: 1, name: "race 2" }).waitFor();
  await page.getByRole("link", { name: "words.Box" }).click();
  await page.getByRole("heading", { level: 1, name: /^words.Box: / }).waitFor();
  await page.keyboard.press("u");
  await page.waitForSelector("#verdict");
  const focused = await page.evaluate(() => document.activeElement.getAttribute("href"));
  equal(focused, `#/entry/${BOX[0]}`, "the row that was left");
});

test("the_table_of_a_type_says_of_each_pair_what_is_known_and_leads_to_its_finding", async () => {
  const types = [
    { name: "words.Dull", operations: ["len"], rows: ["."], findings: [] },
    {
      name: "words.Box",
      operations: ["add", "get", "pop", "copy"],
      rows: ["rr-?", "r.C ", "-C-~", "? ~-"],
      ordered: [[2, 3, "the lock of all types"]],
      not_called: ["feed"],
      findings: [
        [0, 0, BOX[0]],
        [0, 1, BOX[1]],
        [1, 2, RACE],
      ],
    },
  ];
  const page = await open("run", {
    at: writePage((data) => {
      withType(data);
      data.run.types = types;
    }),
  });
  const section = page.locator("section.types");
  const lines = await texts(section.locator("summary"));
  equal(lines, [
    "words.Box: 4 operations, 10 pairs: 4 clean (3 apart), 3 in 3 findings, " +
      "1 ordered, 1 not exercised, 1 not run; 1 method never called",
    "words.Dull: 1 operation, 1 pair: 1 clean",
  ]);
  await section.locator("summary").first().click();
  await section.locator("svg.matrix rect.race").first().waitFor();
  const cells = (name) => section.locator(`svg.matrix rect.${name}`).count();
  equal(await cells("race"), 3);
  equal(await cells("crash"), 2);
  equal(await cells("apart"), 4);
  equal(await cells("clean"), 1);
  equal(await cells("ordered"), 2);
  const ordered = section.locator("svg.matrix rect.ordered title").first();
  equal(await ordered.textContent(), "pop | copy: ordered by the lock of all types");
  holds((await section.textContent()).includes("no arguments are known that they take: feed"), "feed");
  equal(await cells("not-exercised"), 2);
  equal(await cells("not-run"), 2);
  const colours = await section.locator(".legend i").evaluateAll((all) =>
    all.map((mark) => getComputedStyle(mark).backgroundColor + getComputedStyle(mark).backgroundImage),
  );
  equal(new Set(colours).size, colours.length, "a colour each");
  equal(await section.locator("svg.matrix a title").nth(1).textContent(), "add | get: race");
  await section.locator("svg.matrix a").nth(1).click();
  await page.getByRole("heading", { level: 1, name: "race 1" }).waitFor();
  await page.close();
});

test("races_of_tests_on_one_object_are_one_row_that_leads_to_them", async () => {
  const twice = (data) => {
    const [model] = data.findings;
    const again = { ...model, id: "data-race-0000000000aa", title: "the same object" };
    data.findings = [model, again];
  };
  const page = await open("", { at: writePage(twice) });
  equal(await page.locator(".finding-row").count(), 1);
  holds(/^2 data races/.test(await page.locator(".finding-row").innerText()), "how many they are");
  await page.locator(".finding-row").click();
  await page.waitForSelector(".entry");
  const names = await page.locator("details.names summary").allInnerTexts();
  holds(names.length === 1 && names[0].startsWith("Functions that race"), names);
  equal(await page.locator("section.side").count(), 2, "both sides of the first, without another click");
  equal(await texts(page.locator(".finding-row .title")), ["the same object"], "also seen as");
  await page.close();
});

test("a_filter_finds_a_type_by_any_of_its_races", async () => {
  const page = await open("?q=get", { at: writePage(withType) });
  holds((await texts(page.locator(".finding-row"))).some((row) => row.includes("words.Box")), "get");
  await page.locator("#text-filter").fill("nowhere");
  equal(await page.locator(".finding-row").count(), 0);
});

// ---- a finding ----

test("both_sides_stand_side_by_side", async () => {
  const page = await open(`finding/${RACE}`);
  const [one, other] = [await side(page, 0).boundingBox(), await side(page, 1).boundingBox()];
  equal(one.y, other.y, "same height");
  holds(one.x + one.width <= other.x, "beside each other");
  equal(await texts(page.locator("section.side h3")), ["WWrite of 4 bytes", "RRead of 4 bytes"]);
});

test("on_a_narrow_screen_they_stand_below_each_other_and_nothing_sticks_out", async () => {
  const at = writePage(withType);
  const findings = [RACE, HANG, FAILURE].map((id) => `finding/${id}`);
  for (const hash of ["", "run", `entry/${BOX[0]}`, ...findings]) {
    const page = await open(hash, { at, width: 400 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    holds(wide <= 400, `${hash || "the list"} is ${wide} wide`);
    await page.close();
  }
  const page = await open(`finding/${RACE}`, { width: 400 });
  const [one, other] = [await side(page, 0).boundingBox(), await side(page, 1).boundingBox()];
  holds(one.y + one.height <= other.y, "below each other");
});

test("python_cython_and_c_are_told_apart_by_a_word_and_a_colour", async () => {
  const page = await open(`finding/${RACE}`);
  const seen = await stack(page, 0)
    .locator(".frame:not(.plumbing)")
    .evaluateAll((frames) =>
      frames.map((frame) => [
        frame.querySelector(".language").textContent,
        getComputedStyle(frame).borderLeftColor,
      ]),
    );
  equal(
    seen.map(([name]) => name),
    ["C", "Cython", "Cython", "Python"],
  );
  equal(new Set(seen.map(([, color]) => color)).size, 3, "colours");
});

test("interpreter_frames_are_folded_until_they_are_wanted", async () => {
  const page = await open(`finding/${RACE}`);
  const fold = stack(page, 0).locator(".fold").first();
  equal(await fold.locator(".fold-name").innerText(), "3 interpreter frames");
  const hidden = fold.getByText("PyObject_Vectorcall", { exact: true });
  holds(!(await hidden.isVisible()), "folded");
  await fold.locator("summary").first().focus();
  await page.keyboard.press("Enter");
  holds(await hidden.isVisible(), "unfolded by the keyboard");
  await fold.locator("summary").first().click();
  holds(!(await hidden.isVisible()), "folded again");
});

test("where_a_race_happened_is_never_folded", async () => {
  const page = await open(`finding/${UPSTREAM}`);
  for (const index of [0, 1]) {
    const first = stack(page, index).locator("> li").first();
    holds(await first.getByText("run_eval_code_obj").isVisible(), "the interpreter's own write");
    const marked = await first.locator(".here").innerText();
    holds(marked.includes("unhandled_keyboard_interrupt = 0;"), marked);
  }
});

test("where_a_thread_waits_is_folded_down_to_its_own_code", async () => {
  const page = await open(`finding/${HANG}`);
  equal(await page.locator("section.side").count(), 4);
  const first = await stack(page, 0).locator("> li").first().innerText();
  holds(first.includes("5 interpreter frames"), first);
  equal(
    await texts(page.locator(".side > .stack .key .function")),
    ["Pool.drain", "Pool._report", "Pool._report", "Pool.put"],
  );
});

test("the_line_that_matters_is_highlighted_and_marked_on_each_side", async () => {
  const page = await open(`finding/${RACE}`);
  const key = page.locator(".side > .stack .key");
  equal(await key.count(), 2);
  const lines = await texts(key.locator(".here"));
  holds(/17.*state->key\[word\] = value;/s.test(lines[0]), lines[0]);
  holds(/289.*copy\[word\] = self\.rng_state\.key\[word\]/s.test(lines[1]), lines[1]);
  const plain = key.locator(".line:not(.here)").first();
  const ground = (locator) => locator.evaluate((line) => getComputedStyle(line).backgroundColor);
  const marked = await ground(key.locator(".here").first());
  holds((await ground(plain)) !== marked, "another ground");
  equal(await page.getByLabel("the write").first().innerText(), "▸");
});

test("the_first_own_line_of_each_language_shows_its_source", async () => {
  const page = await open(`finding/${RACE}`);
  equal(
    await texts(stack(page, 0).locator("> .frame > details[open] .function")),
    ["mt19937_seed", "MT19937._legacy_seeding", "TestSeed.test_array"],
  );
  const closed = stack(page, 0).locator(".frame", { hasText: "RandomState.seed" });
  holds(!(await closed.locator(".source").isVisible()), "further ones are closed");
  await closed.locator("summary").click();
  holds(await closed.locator(".source").isVisible(), "and open on a click");
});

test("locks_are_told_for_each_side_and_in_a_sentence", async () => {
  const page = await open(`finding/${RACE}`);
  holds((await side(page, 0).locator(".locks").innerText()).includes("RandomState.lock"), "held");
  equal(await side(page, 1).locator(".locks").innerText(), "Holds no lock.");
  const sentence = await page.locator(".lock-verdict").innerText();
  equal(sentence, "Only one side holds a lock; the other’s read happens without it.");
});

test("without_a_live_hook_for_locks_nobody_is_said_to_hold_none", async () => {
  const change = ({ run }) => (run.hooks = run.hooks.filter((hook) => hook.name !== "locks"));
  const page = await open(`finding/${RACE}`, { at: writePage(change) });
  equal(await side(page, 1).locator(".locks").count(), 0);
  equal(await page.locator(".lock-verdict").count(), 0);
});

test("the_object_and_the_start_of_the_threads_are_told", async () => {
  const page = await open(`finding/${RACE}`);
  const subject = page.locator(".subject");
  holds((await subject.innerText()).includes("rng_state.key of a numpy.random"), "the object");
  await subject.locator("summary").first().click();
  holds(await subject.getByText("TestSetState.setup_method").isVisible(), "its allocation");
  equal(await page.locator(".created").count(), 2);
  holds(!(await page.locator(".created .stack").first().isVisible()), "folded");
});

test("explanation_history_tests_and_seed_are_shown", async () => {
  const page = await open(`finding/${UPSTREAM}`);
  const text = await page.locator("article").innerText();
  for (const part of [
    "Upstream",
    "Every eval() clears one global flag",
    "57 times in this run, 231 times in all runs",
    "Off; not seen with it on",
    "test_dtype.py::TestRecord::test_equivalent",
    "1fb3c0de42a977e1",
    "race:run_eval_code_obj",
    UPSTREAM,
  ])
    holds(text.includes(part), part);
});

test("a_finding_without_an_explanation_gets_the_one_of_its_kind", async () => {
  const page = await open(`finding/${CYCLE}`);
  const text = await page.locator(".explanation").innerText();
  holds(text.startsWith("Threads acquire the same locks in different orders."), text);
});

test("a_drawn_graph_of_locks_is_an_image_in_which_nothing_runs", async () => {
  const page = await open(`finding/${CYCLE}`);
  const width = await page.locator("img.graph").evaluate(async (image) => {
    await image.decode();
    return image.naturalWidth;
  });
  holds(width > 100, `${width} wide`);
});

const SOURCE = `digraph locks {
	A [label="A: threading.Lock a\\nof x.py:6"];
	B [label="B: PyMutex \\"b\\""];
	A -> B [label="T1: has A since x.py:10\\nwants B at x.py:11"];
	B -> A [label="T2: has B since x.c:20\\nwants A at x.py:21"];
}
`;

test("a_graph_is_drawn_or_where_that_is_not_possible_told_as_a_list", async () => {
  const change = (data) => (data.findings.at(-1).graph = SOURCE);
  const drawn = await open(`finding/${CYCLE}`, { at: writePage(change) });
  const picture = decodeURIComponent(await drawn.locator("img.graph").getAttribute("src"));
  for (const part of ["threading.Lock a", "of x.py:6", "wants B at x.py:11"])
    holds(picture.includes(part), `${part} is in the picture`);
  const plain = await open(`finding/${CYCLE}`, { at: writePage(change, { PATH: scratch }) });
  equal(await plain.locator("img.graph").count(), 0, "pictures without `dot`");
  equal(await texts(plain.locator(".arcs li")), [
    "A: threading.Lock a, of x.py:6",
    'B: PyMutex "b"',
    "T1: has A since x.py:10, wants B at x.py:11",
    "T2: has B since x.c:20, wants A at x.py:21",
  ]);
  await plain.getByText("Graphviz source").click();
  holds(await plain.getByText("digraph locks").isVisible(), "the source");
});

test("a_lock_order_and_the_deadlock_that_came_of_it_lead_to_each_other", async () => {
  const twin = CYCLE.replace("lock-order", "deadlock");
  const change = (data) =>
    data.findings.push({ ...data.findings.at(-1), id: twin, kind: "deadlock" });
  const page = await open(`finding/${CYCLE}`, { at: writePage(change) });
  await page.getByRole("link", { name: twin }).click();
  await page.getByRole("link", { name: CYCLE }).waitFor();
  const alone = await open(`finding/${CYCLE}`);
  equal(await alone.locator(".related").count(), 0);
});

test("the_site_is_marked_where_all_own_frames_stand_outside_of_it", async () => {
  const change = ({ findings }) => {
    const [thread] = findings.find((finding) => finding.id === RACE).threads;
    thread.frames[0].plumbing = true;
    thread.frames[1].plumbing = true;
  };
  const page = await open(`finding/${RACE}`, { at: writePage(change) });
  equal(await texts(stack(page, 0).locator(".key .function")), ["MT19937._legacy_seeding"]);
});

test("what_the_interpreters_loop_did_and_what_greenlets_mix_is_said", async () => {
  const change = ({ findings }) => {
    const { threads } = findings.find((finding) => finding.id === RACE);
    const python = threads[0].frames.find((frame) => frame.language === "python");
    const other = { ...python, language: "c++", function: "greenlet::UserGreenlet::g_switch()" };
    threads[0].frames = [python, other, python];
    threads[0].site = 0;
  };
  const page = await open(`finding/${RACE}`, { at: writePage(change) });
  const cautions = await texts(side(page, 0).locator(".caution"));
  equal(cautions.length, 2);
  holds(cautions[0].includes("several greenlets"), cautions[0]);
  holds(cautions[1].includes("loop itself did it"), cautions[1]);
  equal(await side(page, 1).locator(".caution").count(), 0);
});

test("what_a_failed_test_raised_stands_above_its_traceback", async () => {
  const page = await open(`finding/${FAILURE}`);
  const said = await page.locator(".said").innerText();
  equal(said, "AssertionError: assert 61 == 64, at numpy/lib/tests/test_private_cache.py:44");
});

test("the_run_says_what_it_tried_and_what_to_run_next", async () => {
  const page = await open("");
  const facts = await page.locator(".run-facts").innerText();
  holds(facts.includes("391 of them in 2 to 8 threads"), facts);
  holds(facts.includes("the same command goes on with the other 47,428"), facts);
});

test("what_was_seen_to_come_of_a_finding_is_told_in_the_list", async () => {
  const evidence = "confirmed: an update was seen lost";
  const change = (data) => {
    Object.assign(data.findings[0], { evidence, shows: "loses" });
    Object.assign(data.findings[1], { evidence: "nothing came of it", shows: "nothing" });
  };
  const page = await open("", { at: writePage(change) });
  const words = await page.locator(".finding-row .spot.grave").allInnerTexts();
  equal(words.join(), evidence);
});

test("a_failed_test_shows_its_traceback", async () => {
  const page = await open(`finding/${FAILURE}`);
  const text = await page.locator("pre.text").innerText();
  holds(text.includes("E       AssertionError: assert 61 == 64\n"), text);
  equal(text.trimEnd(), fixture().findings.find((f) => f.id === FAILURE).detail.trimEnd());
});

test("the_copy_button_copies_the_command", async () => {
  const page = await open(`finding/${RACE}`, { permissions: ["clipboard-read", "clipboard-write"] });
  const { command } = fixture().findings[0];
  const button = page.locator(".command button");
  equal(await page.locator(".command code").innerText(), command);
  await button.click();
  await page.waitForFunction((label) => label.textContent === "Copied", await button.elementHandle());
  equal(await page.evaluate(() => navigator.clipboard.readText()), command);
});

test("a_finding_is_copied_as_markdown_for_a_bug_tracker", async () => {
  const page = await open(`finding/${RACE}`, { permissions: ["clipboard-read", "clipboard-write"] });
  const button = page.getByRole("button", { name: "Copy finding as Markdown" });
  await button.click();
  await page.getByText("Copied").waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  for (const part of ["## Data race: MT19937", "### Write of 4 bytes, Thread T3", "--replay 1fb3", RACE])
    holds(text.includes(part), `${part} in ${text}`);
});

test("a_bug_that_is_known_upstream_links_to_its_issue", async () => {
  const known = "upstream, fixed in 3.14.7: One tee. https://github.com/python/cpython/issues/153062";
  const change = (data) =>
    (data.findings.find((finding) => finding.id === UPSTREAM).suppressed_by = known);
  const page = await open(`finding/${UPSTREAM}`, { at: writePage(change) });
  const rule = page.locator(".suppressed-by");
  equal(await rule.innerText(), "Upstream, fixed in 3.14.7: One tee. python/cpython#153062");
  equal(await rule.locator("a").getAttribute("href"), known.split(" ").at(-1));
  const plain = await open(`finding/${UPSTREAM}`);
  equal(await plain.locator(".suppressed-by a").count(), 0);
});

test("a_finding_says_whose_code_it_is_in", async () => {
  const owners = async (id, change) => {
    const page = await open(`finding/${id}`, change ? { at: writePage(change) } : {});
    return (await texts(page.locator(".owners"))).join();
  };
  equal(await owners(RACE), "in numpy");
  equal(await owners(UPSTREAM), "in CPython");
  equal(await owners(HANG), "", "no frame decides");
  const own = (data) => {
    const [race] = data.findings;
    const python = race.threads[0].frames.find((frame) => frame.language === "python");
    race.threads[0].frames = [{ ...python, plumbing: false, file: "/x/tests/test_mine.py" }];
    race.threads[1].frames = [{ ...python, plumbing: false, file: "/x/site-packages/other/a.py" }];
    race.tests = ["tests/test_mine.py::test_it"];
  };
  equal(await owners(RACE, own), "in the test and other");
  const page = await open("?q=owner:cpython");
  equal(await page.locator(".finding-row").count(), 1);
});

test("a_browser_that_cannot_unpack_the_report_is_told", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(() => delete window.DecompressionStream);
  await page.goto(url);
  await page.getByText("can’t be read: this browser is too old").waitFor();
});

// ---- going about ----

test("a_link_to_a_finding_opens_it", async () => {
  const page = await open(`finding/${HANG}`);
  holds((await heading(page)).startsWith("4 threads wait"), "opened by its hash");
  await page.evaluate((id) => (location.hash = `#/finding/${id}`), RACE);
  await page.getByRole("heading", { level: 1, name: /MT19937/ }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: /4 threads wait/ }).waitFor();
  await page.goto(`${url}#/finding/gone-%E0%A4%A`);
  holds((await page.locator(".nothing").innerText()).includes("no finding gone-"), "a lost link");
});

test("j_and_k_walk_the_filtered_findings_and_u_goes_back_to_the_row", async () => {
  const page = await open(`finding/${RACE}?kind=data-race`);
  await page.keyboard.press("k");
  equal(await page.locator(".position").innerText(), "1 of 2");
  await page.keyboard.press("j");
  await page.getByRole("heading", { level: 1, name: /run_eval_code_obj/ }).waitFor();
  equal(await page.locator(".position").innerText(), "2 of 2");
  await page.keyboard.press("u");
  await page.waitForSelector(".finding-row");
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("href"));
  holds((await focused())?.startsWith(`#/finding/${UPSTREAM}`), "the row that was left");
  await page.keyboard.press("k");
  holds((await focused())?.startsWith(`#/finding/${RACE}`), "rows are walked as well");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: /MT19937/ }).waitFor();
});

test("a_key_typed_into_the_filter_is_text", async () => {
  const page = await open();
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement.id === "text-filter");
  await page.keyboard.type("jku/");
  equal(await page.locator("#text-filter").inputValue(), "jku/");
});

test("a_new_view_begins_at_its_heading", async () => {
  const page = await open(`finding/${HANG}`, { height: 400 });
  await page.evaluate(() => scrollTo(0, 500));
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.activeElement.tagName === "H1" && scrollY === 0);
});

// ---- the run ----

test("the_run_tells_hooks_settings_notes_and_unused_suppressions", async () => {
  const page = await open("run");
  const text = await page.locator("article").innerText();
  for (const part of [
    "✗ not live",
    "_PyEval_StopTheWorld is not exported",
    "switch-interval",
    "1e-6..5e-3",
    "12 tests fail without threads too",
    "1 rule matched nothing",
    "race:PyArray_CopyObject",
    "1,604 run, 400 different, 48,645 in the suite",
    "--iterations 20 --gil mixed",
  ])
    holds(text.includes(part), part);
});

test("where_threads_wait_is_a_table_of_the_run", async () => {
  const lock = {
    class: "threading.Lock _lock of x.py:10",
    kind: "threading.Lock",
    waits: 1200,
    waited_s: 2.5,
    longest_wait_s: 0.021,
    longest_hold_s: 0.0000071,
    where: "x.py:12",
  };
  const page = await open("run", { at: writePage(({ run }) => (run.lock_profile = [lock])) });
  equal(await texts(page.locator("table.waiting tbody tr > *")), [
    "threading.Lock _lock of x.py:10",
    "2.5 s",
    "1,200",
    "21 ms",
    "7 µs",
    "x.py:12",
  ]);
  const without = await open("run");
  equal(await without.locator("table.waiting").count(), 0);
});

test("objects_that_threads_count_together_are_a_table_of_the_run", async () => {
  const counted = {
    type: "list",
    made: "x.py:3",
    where: null,
    changes: 168000,
    handed_over: 27000,
    threads: 4,
    seconds: 8,
  };
  const page = await open("run", { at: writePage(({ run }) => (run.count_profile = [counted])) });
  equal(await texts(page.locator("table.counts tbody tr > *")), [
    "list",
    "x.py:3",
    "21,000",
    "168,000",
    "27,000",
    "4",
    "–",
    "per thread: one for each (a copy, threading.local()), or one reference taken before the loop",
  ]);
  const without = await open("run");
  equal(await without.locator("table.counts").count(), 0);
});

test("the_slowest_tests_stand_with_the_line_that_skips_them", async () => {
  const slowest = [
    { test: "tests/test_a.py::test_long", seconds: 31.42 },
    { test: "tests/test_b.py", seconds: 4 },
  ];
  const page = await open("run", { at: writePage(({ run }) => (run.slowest = slowest)) });
  const rows = await texts(page.locator("table.slowest tbody tr"));
  equal(rows.length, 2);
  equal(rows[0].includes("31.4 s") && rows[0].includes("skip = tests/test_a.py::test_long"), true);
  equal(rows[1].includes("4.0 s") && rows[1].includes("skip = tests/test_b.py"), true);
});

test("tests_that_never_ran_are_named", async () => {
  const untried = ["tests/test_a.py::test_b", "tests/test_a.py::test_c<i>"];
  const page = await open("run", { at: writePage(({ run }) => (run.untried = untried)) });
  const section = page.locator("section", { has: page.locator("#untried-heading") });
  equal((await section.locator("summary").innerText()).startsWith("2 tests that had no turn"), true);
  await section.locator("summary").click();
  equal(await texts(section.locator("li")), untried);
  const without = await open("run");
  equal(await without.locator("#untried-heading").count(), 0);
});

test("the_run_says_whether_more_iterations_would_find_more", async () => {
  const change = (data) => {
    const own = data.run.seed.replace(/^0+/, "");
    const [often, once, later, other] = data.findings;
    often.replays = [`${own}.1.1`, `${own}.2.2`, `${own}.12.12`];
    once.replays = [`${own}.9.9`];
    later.replays = [`${own}.10.10`, `${own}.11.11`, `${own}.3.p7`];
    other.replays = ["123.4.5"]; /* of another run */
    data.findings = [often, once, later, other];
  };
  const page = await open("run", { at: writePage(change) });
  const text = await page.locator("section", { has: page.locator("#discovery-heading") }).innerText();
  for (const part of [
    "3 entries in 20 iterations",
    "first seen in iteration 11",
    "1 entry came in one iteration only, so about one in 20 further",
  ])
    holds(text.includes(part), `${part} in: ${text}`);
  equal(await page.locator("svg.discovery path").count(), 1);
});

test("a_finding_says_how_often_ordinary_runs_show_it", async () => {
  const page = await open(`finding/${RACE}`, { at: writePage(undefined, { RATES: "1" }) });
  const facts = await page.locator(".lead .facts").innerText();
  holds(
    facts.includes("In 2 of 100 ordinary runs of its tests with 2-8 threads (at 95 %: 0.6 to 7.0 %)"),
    facts,
  );
  holds((await page.locator(".labels").innerText()).includes("Back again"), "it had been fixed");
  const without = await open(`finding/${RACE}`);
  holds(!(await without.locator(".lead .facts").innerText()).includes("ordinary"), "not counted");
});

// ---- for everybody ----

test("a_finding_shows_which_draws_brought_it", async () => {
  const page = await open(`finding/${RACE}`, { at: writePage(undefined, { RATES: "1" }) });
  const plots = page.locator(".parameters table");
  equal(await plots.locator("caption").allInnerTexts(), [
    "Threads",
    "Schedule",
    "GIL",
    "Interval, with the GIL",
  ]);
  const rows = async (at) => (await plots.nth(at).locator("tr").allInnerTexts()).map((row) => row.split(/\s+/).join(" "));
  equal(await rows(0), ["2 1 of 2", "3 1 of 2"]);
  equal(await rows(1), ["overlap 0 of 2", "turns 2 of 2"]);
  equal(await rows(2), ["off 2 of 2", "on 0 of 2"]);
  equal(await rows(3), ["1–10 µs 0 of 1", "100–1000 µs 0 of 1"]);
  equal(await (await open(`finding/${RACE}`)).locator(".parameters").count(), 0, "without draws");
});

test("what_is_fixed_stands_below_the_findings", async () => {
  const at = writePage(undefined, { RATES: "1" });
  const page = await open("", { at });
  const fixed = page.locator("section.fixed");
  const text = await fixed.innerText();
  for (const part of ["3 findings", "old_add writes while <b>old_get</b> reads", "8 of 8 turns"])
    holds(text.includes(part), `${part} in: ${text}`);
  await page.goto(`${at}#/?q=status%3Anew`);
  await page.waitForFunction(() => !document.querySelector("section.fixed"));
});

test("whatever_a_text_holds_is_shown_as_text", async () => {
  const script = "<script>window.hacked = 1</script>";
  const hostile = (data) => {
    const [finding] = data.findings;
    const evil = `${script}</script><!--<script><img src=x onerror="window.hacked=1">`;
    for (const key of ["explanation", "detail", "command"]) finding[key] = evil;
    finding.title = script;
    finding.tests = [evil];
    finding.subject.description = evil;
    finding.graph = `<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1">${script}</svg>`;
    finding.threads[0].frames[0].function = evil;
    finding.threads[0].role = evil;
    data.run.suite = evil;
    data.run.notes = [evil];
  };
  const at = writePage(hostile);
  for (const hash of ["", "run", `finding/${RACE}`]) {
    const page = await open(hash, { at });
    equal(await page.evaluate(() => window.hacked), undefined);
    equal(await page.locator("#page script, #page img:not(.graph)").count(), 0);
    await page.close();
  }
  const page = await open(`finding/${RACE}`, { at });
  equal(await heading(page), script);
});

/** Text whose contrast with its ground is below WCAG's 4.5. */
function faintTexts() {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color)
      .slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      const alpha = channels(color)[3];
      if (alpha === undefined || alpha === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = [];
  const walker = document.createTreeWalker(document.getElementById("page"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const style = getComputedStyle(element);
    const inert = element.closest(".off, option");
    if (!node.data.trim() || inert || !element.checkVisibility()) continue;
    const [one, other] = [luminance(style.color), luminance(ground(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${element.className} ${node.data}`);
  }
  return faint;
}

for (const colorScheme of ["light", "dark"])
  test(`every_text_is_legible_in_${colorScheme}`, async () => {
    const at = writePage(withType);
    for (const hash of [
      "",
      "run",
      `entry/${BOX[0]}`,
      `finding/${RACE}`,
      `finding/${UPSTREAM}`,
      `finding/${FAILURE}`,
    ]) {
      const page = await open(hash, { colorScheme, at });
      equal(await page.evaluate(faintTexts), [], hash || "the list");
      await page.close();
    }
  });

test("headings_form_an_outline_and_regions_have_names", async () => {
  const at = writePage(withType);
  for (const hash of ["", "run", `entry/${BOX[0]}`, `finding/${RACE}`]) {
    const page = await open(hash, { at });
    const levels = await page.$$eval("h1, h2, h3", (all) => all.map((one) => +one.tagName[1]));
    equal(levels[0], 1);
    equal(levels.filter((level) => level === 1).length, 1);
    levels.reduce((last, level) => (holds(level <= last + 1, `${levels}`), level));
    const broken = await page.$$eval("[aria-labelledby]", (all) =>
      all
        .flatMap((one) => one.getAttribute("aria-labelledby").split(" "))
        .filter((id) => document.querySelectorAll(`#${CSS.escape(id)}`).length !== 1),
    );
    equal(broken, []);
    await page.close();
  }
});

test("axe_has_no_complaint", async () => {
  const axe = fs.readFileSync(path.join(build, "page/node_modules/axe-core/axe.min.js"), "utf8");
  const lock = { class: "x", kind: "threading.Lock", waits: 1, waited_s: 1, longest_wait_s: 1, longest_hold_s: 1 };
  const at = writePage((data) => {
    withType(data);
    data.run.lock_profile = [{ ...lock, where: "x.py:12" }];
    data.findings.find((finding) => finding.id === UPSTREAM).suppressed_by =
      "upstream, not fixed yet: One tee. https://github.com/python/cpython/issues/153062";
  });
  for (const width of [1440, 400])
    for (const hash of ["", "run", `entry/${BOX[0]}`, `finding/${BOX[1]}`, `finding/${UPSTREAM}`, `finding/${CYCLE}`]) {
      const page = await open(hash, { at, width, bypassCSP: true });
      await page.evaluate((script) => (0, eval)(script), axe);
      const found = await page.evaluate(async () =>
        (await window.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
      );
      equal(found, [], hash || "the list");
      await page.close();
    }
});

test("printed_it_is_dark_on_white_without_what_can_only_be_clicked", async () => {
  const page = await open(`finding/${RACE}`, { colorScheme: "dark" });
  await page.emulateMedia({ media: "print" });
  holds(!(await page.locator(".pager").isVisible()), "no navigation");
  holds(!(await page.locator(".copy").first().isVisible()), "no buttons");
  const color = (property) =>
    page.evaluate((name) => getComputedStyle(document.body)[name], property);
  equal([await color("backgroundColor"), await color("color")], ["rgb(255, 255, 255)", "rgb(28, 30, 33)"]);
  const [one, other] = [await side(page, 0).boundingBox(), await side(page, 1).boundingBox()];
  equal(one.y, other.y, "still side by side");
});

test("5000_findings_with_60_frames_a_stack_and_100000_cells_stay_quick", async () => {
  const operations = Array.from({ length: 100 }, (_, index) => `operation${index}`);
  const many = (data) => {
    const [model] = data.findings;
    for (const thread of model.threads)
      thread.frames = [...thread.frames, ...thread.frames, ...thread.frames].slice(0, 60);
    data.findings = [model];
    data.run.types = Array.from({ length: 20 }, (_, type) => ({
      name: `m.Type${type}`,
      operations,
      rows: operations.map(() => "r".repeat(100)),
      findings: Array.from({ length: 5000 }, (_, cell) => [
        cell % 100,
        Math.floor(cell / 100),
        `data-race-${cell.toString(16).padStart(12, "0")}`,
      ]),
    }));
  };
  const at = writePage(many, {}, 5000);
  const size = fs.statSync(new URL(at)).size;
  holds(size < 15e6, `${size} bytes`);
  const start = performance.now();
  const page = await open("", { at });
  const opened = performance.now() - start;
  equal(await page.locator(".tabs a").first().innerText(), "All 5,000");
  equal(await page.locator(".finding-row").count(), 100, "rows that are near the window");
  /* A view takes some 50 ms on two busy cores; the limits only tell quick from unusable. */
  const filtered = await page.evaluate(async () => {
    const input = document.getElementById("text-filter");
    const start = performance.now();
    input.value = "function:_4999 module:numpy";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    while (document.querySelectorAll(".finding-row").length !== 1)
      await new Promise((next) => requestAnimationFrame(next));
    return performance.now() - start;
  });
  await page.locator("#text-filter").fill("");
  await page.locator(".rest button").click();
  equal(await page.locator(".finding-row").count(), 5000);
  holds(opened < 5000 && filtered < 5000, `${opened} ms to open, ${filtered} ms to filter`);
  const took = await page.evaluate(async () => {
    const start = performance.now();
    for (let index = 0; index < 10; index++) {
      location.hash = `#/finding/data-race-${index.toString(16).padStart(12, "0")}`;
      while (!document.querySelector("h1").textContent.endsWith(`(${index})`))
        await new Promise((next) => requestAnimationFrame(next));
    }
    return (performance.now() - start) / 10;
  });
  holds(took < 1000, `${took} ms for a finding`);
  if (process.env.TIMES)
    console.log(`# ${size} bytes, opened in ${opened} ms, filtered in ${filtered}, a view in ${took}`);
});

test("the_json_report_is_the_fixture_again", async () => {
  const root = fs.realpathSync(scratch);
  const text = write("json").replaceAll([root, "root", ""].join("/"), "$ROOT/");
  const sorted = (value) =>
    Array.isArray(value)
      ? value.map(sorted)
      : value && typeof value === "object"
        ? Object.fromEntries(
            Object.keys(value)
              .filter((key) => key !== "source")
              .sort()
              .map((key) => [key, sorted(value[key])]),
          )
        : value;
  // The words of kinds are the product's own, and entries are made of the findings.
  const { kinds, ranks, entries, fixed, frames, stacks, sources, ...report } = JSON.parse(text);
  equal(fixed, []);
  const stackOf = (number) => stacks[number].map((frame) => frames[frame]);
  for (const { subject, threads } of report.findings) {
    if (subject) subject.allocated = stackOf(subject.allocated);
    for (const thread of threads) {
      thread.created = stackOf(thread.created);
      for (const part of [thread, ...thread.locks]) part.frames = stackOf(part.frames);
    }
  }
  const { file, line } = report.findings[0].threads[0].frames[0];
  const { source } = fixture().findings[0].threads[0].frames[0];
  equal(sources[file][line], new Map(source).get(line));
  equal(kinds[0].name, "use-after-free");
  equal(
    entries.map((entry) => entry.id),
    fixture().findings.map((finding) => finding.id),
  );
  equal(sorted(report), sorted({ ...fixture(), schema: 2 }));
});

test("nothing_was_asked_of_the_network_and_the_console_is_empty", async () => {
  equal(troubles, []);
});

async function main() {
  console.log(`1..${promises.length}`);
  url = writePage();
  browser = await chromium.launch({
    executablePath: process.env.FTSTRESS_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  let failed = 0;
  for (const [index, { name, run }] of promises.entries()) {
    let error;
    try {
      await run();
    } catch (caught) {
      error = caught;
    }
    for (const context of browser.contexts()) await context.close();
    console.log(`${error ? "not ok" : "ok"} ${index + 1} - ${name}`);
    if (error) console.log(String(error.stack ?? error).replace(/^/gm, "# "));
    failed += error ? 1 : 0;
  }
  await browser.close();
  return failed;
}

main()
  .then(
    (failed) => (process.exitCode = failed ? 1 : 0),
    (error) => {
      console.log(`Bail out! ${String(error).split("\n")[0]}`);
      process.exitCode = 1;
    },
  )
  .finally(() => fs.rmSync(scratch, { recursive: true, force: true }));
