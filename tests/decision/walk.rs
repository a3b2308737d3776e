//! The walk of the product: every decision is compared with the row of the table.

use std::collections::{BTreeMap, HashMap};

use clientcert::Outcome;
use clientcert::request::{Action, Decision};
use clientcert::verify::TlsVersion;

use crate::cell::{Cell, FIELDS, Field};
use crate::random::Random;
use crate::support::NOW;
use crate::table::{Answer, Row, Table};
use crate::world::World;

/// How many configurations are tried at random, and how many requests under each.
const SAMPLED_WORLDS: u64 = 300;
const SAMPLES_EACH: u64 = 400;

/// How many wrong answers are shown for a row.
const MOST_OF_A_ROW: usize = 4;

/// Fields whose product is walked whole. `field` alone takes all of its values, `field=value|value` these.
const PRODUCTS: &[(&str, &str)] = &[
    ("who comes where", "mode verdict made_by requirement users strength request=get|preflight preflight logged_out"),
    (
        "what a server does without a certificate",
        "mode verdict=none|strong|tolerated|refused requirement opened_by answered_421 reused other_login challenges \
         challenge certificate_host=none|other logged_out",
    ),
    (
        "what can be asked late",
        "mode=deferred verdict=none requirement=certificate tls http post_handshake renegotiable renegotiation late body \
         certificate_host=none|other other_login challenges logged_out request=get|preflight",
    ),
    (
        "where to",
        "mode=off|deferred|optional verdict=none|strong requirement=none|verified certificate_host names target request \
         other_login logged_out tls=1.2|1.3",
    ),
    (
        "how old, and for which request",
        "mode=optional|deferred verdict=none|weak requirement age tls=1.2|1.3 http=1.1|2|3 post_handshake \
         renegotiable late arrived late_request logged_out body=small|large",
    ),
    (
        "arrived before",
        "mode=optional|deferred verdict=none|strong|tolerated requirement late arrived late_request target request \
         preflight identity_before",
    ),
    (
        "which host",
        "mode=off|optional|deferred verdict=none|strong|refused made_by authority names reused answered_421 \
         requirement=none|user request=get|preflight|preflight_elsewhere preflight identity_before",
    ),
    (
        "what comes before the certificate",
        "mode=optional|require|deferred verdict=none|strong|refused|revoked_since made_by requirement early_data log_out \
         logged_out other_login challenges challenge=none|client_certificate request=get|preflight preflight",
    ),
    (
        "what changes nothing",
        "mode verdict made_by=this|earlier requirement enforcement handshake resumed http=1.1|2 challenges",
    ),
];

#[test]
fn every_decision_is_the_expected_one() {
    let table = Table::read(include_str!("expected.txt"));
    let mut walk = Walk::new(&table);
    for (name, fields) in PRODUCTS {
        let before = walk.cells;
        product(fields, &mut |cell| walk.visit(cell));
        println!("{name}: {} requests", walk.cells - before);
    }
    let before = walk.cells;
    sample(&mut |cell| walk.visit(cell));
    println!("at random: {} requests", walk.cells - before);
    walk.report();
}

#[test]
fn an_open_handshake_ends_with_the_alert_of_its_verdict() {
    let mut alerts = 0;
    let fields = "mode verdict made_by=this|earlier|sibling requirement handshake request=get|preflight preflight \
                  enforcement challenges";
    visit_worlds(fields, &mut |world, cell| {
        let decision = world.verifier.decide(world.verdict(cell), &world.request(cell), NOW);
        let goes_on = matches!(decision.action(), Action::Allow | Action::Preflight);
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            // That of the certificate as it is judged now; a preflight that is answered has none, and needs none.
            let due = cell.is(Field::Handshake, "open") && !goes_on;
            let expected = if due { world.judged_now(cell).alert(version) } else { None };
            assert_eq!(decision.alert(version), expected, "{cell}");
            alerts += usize::from(expected.is_some());
        }
    });
    assert!(alerts > 1_000);
}

#[test]
fn a_certificate_that_does_not_count_is_withheld() {
    let mut withheld = 0;
    let fields = "mode=optional|optional_no_ca|deferred verdict=strong|nameless|tolerated requirement=none logged_out arrived \
                  late late_request request=get|preflight preflight";
    visit_worlds(fields, &mut |world, cell| {
        let decision = world.verifier.decide(world.verdict(cell), &world.request(cell), NOW);
        let passes = cell.is(Field::Request, "preflight") && !cell.is(Field::Preflight, "refuse");
        let before = cell.is(Field::Arrived, "before") && cell.is(Field::LateRequest, "resend");
        let counts = !(passes || before || cell.is(Field::LoggedOut, "yes"));
        let verdict = decision.verdict();
        assert_eq!(verdict.outcome() != Outcome::None, counts, "{cell}");
        assert_eq!(!decision.identity().is_empty(), counts, "{cell}");
        assert_eq!(verdict.user().is_some(), counts && cell.is(Field::Verdict, "strong"), "{cell}");
        withheld += usize::from(!counts);
    });
    assert!(withheld > 100);
}

/// Every combination of these fields with its world.
fn visit_worlds(fields: &str, visit: &mut dyn FnMut(&World, &Cell)) {
    let mut worlds = HashMap::new();
    product(fields, &mut |cell| {
        if cell.is_possible() {
            visit(worlds.entry(World::key(cell)).or_insert_with(|| World::new(cell)), cell);
        }
    });
}

struct Walk<'t> {
    table: &'t Table,
    worlds: HashMap<[u8; 8], World>,
    cells: u64,
    hits: Vec<u64>,
    /// By row and answer: how many, and the first of them.
    complaints: BTreeMap<(usize, Answer), (u64, Cell)>,
    unexpected: Vec<Cell>,
}

impl<'t> Walk<'t> {
    fn new(table: &'t Table) -> Self {
        let hits = vec![0; table.rows().len()];
        Self { table, worlds: HashMap::new(), cells: 0, hits, complaints: BTreeMap::new(), unexpected: Vec::new() }
    }

    fn visit(&mut self, cell: &Cell) {
        if !cell.is_possible() {
            return;
        }
        self.cells += 1;
        let world = self.worlds.entry(World::key(cell)).or_insert_with(|| World::new(cell));
        let answer = decide(world, cell);
        let Some(row) = self.table.find(cell) else {
            self.unexpected.push(*cell);
            return;
        };
        self.hits[row] += 1;
        if !self.table.rows()[row].expected.fits(&answer) {
            self.complaints.entry((row, answer)).or_insert((0, *cell)).0 += 1;
        }
    }

    fn report(&self) {
        let rows = self.table.rows();
        let mut complaints = Vec::new();
        let mut shown = vec![0; rows.len()];
        for ((number, answer), (count, cell)) in &self.complaints {
            shown[*number] += 1;
            if shown[*number] <= MOST_OF_A_ROW {
                let Row { line, expected, .. } = &rows[*number];
                complaints
                    .push(format!("line {line}: {expected} expected, {answer} decided, {count} times:\n    {cell}"));
            }
        }
        complaints.extend(self.unexpected.iter().take(5).map(|cell| format!("no row fits:\n    {cell}")));
        let idle = rows.iter().zip(&self.hits).filter(|(_, hits)| **hits == 0);
        complaints.extend(idle.map(|(row, _)| format!("line {} decides nowhere", row.line)));
        assert!(complaints.is_empty(), "{} requests, and these complaints:\n{}", self.cells, complaints.join("\n"));
    }
}

/// What the library decides.
fn decide(world: &World, cell: &Cell) -> Answer {
    let request = world.request(cell);
    let decision = world.verifier.decide(world.verdict(cell), &request, NOW);
    answer(&decision)
}

pub fn answer(decision: &Decision) -> Answer {
    Answer {
        action: decision.action().name().to_owned(),
        status: decision.status().unwrap_or(0),
        closes: decision.closes(),
        session_cacheable: decision.session_cacheable(),
        cause: decision.cause().map_or(String::new(), |cause| cause.name().to_owned()),
    }
}

/// Every combination of these fields, the others as by default.
pub fn product(fields: &str, visit: &mut dyn FnMut(&Cell)) {
    let dimensions: Vec<(Field, Vec<u8>)> = fields.split_whitespace().map(dimension).collect();
    walk(&dimensions, Cell::DEFAULT, visit);
}

fn walk(dimensions: &[(Field, Vec<u8>)], mut cell: Cell, visit: &mut dyn FnMut(&Cell)) {
    let Some(((field, numbers), rest)) = dimensions.split_first() else {
        visit(&cell);
        return;
    };
    for number in numbers {
        cell.set(*field, *number);
        walk(rest, cell, visit);
    }
}

fn dimension(word: &str) -> (Field, Vec<u8>) {
    let (name, values) = word.split_once('=').unwrap_or((word, ""));
    let field = Field::named(name).unwrap_or_else(|| panic!("there is no field {name}"));
    let all = field.values().iter().copied();
    let chosen = all.filter(|value| values.is_empty() || values.split('|').any(|chosen| chosen == *value));
    (field, chosen.map(|value| field.value(value).expect("its own value")).collect())
}

/// Requests with a random value in every field, the same in every run; half of the fields are mostly as by default, so that
/// what comes first does not hide all the rest.
pub fn sample(visit: &mut dyn FnMut(&Cell)) {
    for number in 0..SAMPLED_WORLDS {
        let mut random = Random::new(5, number);
        let mut options = Cell::DEFAULT;
        for field in FIELDS.iter().take_while(|field| **field != Field::Verdict) {
            options.set(*field, pick(&mut random, *field));
        }
        for _ in 0..SAMPLES_EACH {
            let mut cell = options;
            for field in FIELDS.iter().skip_while(|field| **field != Field::Verdict) {
                let rare = matches!(
                    field,
                    Field::EarlyData | Field::LogOut | Field::LoggedOut | Field::MadeBy | Field::IdentityBefore
                );
                if !rare || random.below(4) == 0 {
                    cell.set(*field, pick(&mut random, *field));
                }
            }
            visit(&cell);
        }
    }
}

fn pick(random: &mut Random, field: Field) -> u8 {
    u8::try_from(random.below(field.values().len())).expect("few values")
}
