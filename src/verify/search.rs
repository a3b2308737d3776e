//! Path building: from the leaf to an anchor, with backtracking, under budgets that no chain can make expensive.
//!
//! Only certificates from which an anchor can be reached by names are visited, and signatures are checked from the anchor
//! down, so that without a certificate by a genuine CA nobody gets more than a few of them checked. Each is checked once.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::Basis;
use super::anchor::{Anchor, AnchorStore, KeyIdentifierFit};
use super::memory::{Known, Recollection};
use super::name_constraints::Comparisons;
use super::ocsp;
use super::path_checks::{self, Path};
use super::reason::{Code, Reason};
use super::revocation::{self, Nesting, RevocationReport};
use super::rules::Rules;
use crate::certificate::{Certificate, Name};
use crate::signature::{Key, SignatureFault};

/// The path that was accepted, or the one that came closest.
pub(super) struct Outcome {
    /// Indexes into what was presented, leaf first.
    pub(super) presented: Indexes,
    /// The anchor, where the path got that far.
    pub(super) anchor: Option<Arc<Anchor>>,
    /// What is wrong with the path; nothing if it was accepted.
    pub(super) reasons: Vec<Reason>,
    pub(super) revocation: RevocationReport,
    /// The keys that were parsed for an accepted path, each with the index of its certificate.
    pub(super) keys: Vec<(usize, Key)>,
}

/// Indexes of certificates; paths are short as a rule, and then need no memory of their own.
pub(crate) type Indexes = SmallVec<[usize; 8]>;

/// How many certificates a search can tell apart, a bit each.
pub(crate) const MAX_CERTIFICATES: usize = 128;

/// Steps of a search; a step costs some tens of nanoseconds.
const MAX_STEPS: u32 = 4_096;
/// Paths with good signatures that are examined in full.
const MAX_EXAMINED: u32 = 32;

/// Searches a path from certificate 0. `certificates` has a gap for each one that could not be read.
pub(super) fn search(
    certificates: &[Option<Certificate<'_>>],
    basis: &Basis<'_>,
    nesting: Nesting<'_>,
) -> Option<Outcome> {
    let Basis { anchors, rules, memory, now, .. } = *basis;
    let mut names = Names::default();
    let mut nodes = SmallVec::new();
    let readable = certificates.iter().enumerate().filter_map(|(presented, c)| Some((presented, (*c)?)));
    nodes.extend(readable.take(MAX_CERTIFICATES).map(|(presented, c)| Node::new(c, presented, &mut names, memory)));
    let mut search = Search {
        nodes,
        names,
        certificates,
        basis,
        nesting,
        anchors,
        rules,
        now,
        reaching: 0,
        signatures_left: rules.max_signatures,
        failures_left: rules.max_signatures.div_ceil(2),
        crowd_signatures_left: rules.max_anchor_candidates,
        steps_left: MAX_STEPS,
        examined_left: MAX_EXAMINED,
        comparisons: Comparisons::new(rules.max_name_comparisons),
        exhausted: None,
        best: None,
    };
    for spelling in [Spelling::Exact, Spelling::Canonical] {
        if search.connect(spelling) && search.reaching & 1 == 1 {
            search.explore(&mut smallvec![0], 1);
        }
        if search.best.as_ref().is_some_and(|best| best.signatures_good) || search.exhausted.is_some() {
            break;
        }
    }
    search.finish()
}

struct Search<'s, 'c> {
    /// What could be read, the leaf first.
    nodes: SmallVec<[Node<'c>; 4]>,
    names: Names<'c>,
    /// What was presented, whether or not it could be read.
    certificates: &'s [Option<Certificate<'c>>],
    basis: &'s Basis<'s>,
    nesting: Nesting<'s>,
    anchors: &'s AnchorStore,
    rules: &'s Rules,
    now: i64,
    /// A bit for each certificate from which an anchor can be reached.
    reaching: u128,
    signatures_left: u32,
    /// How many more may turn out bad. Forgeries fail, and whoever has a genuine path seldom meets one.
    failures_left: u32,
    crowd_signatures_left: u32,
    steps_left: u32,
    examined_left: u32,
    comparisons: Comparisons,
    exhausted: Option<&'static str>,
    best: Option<Candidate>,
}

struct Node<'c> {
    certificate: Certificate<'c>,
    /// Its index in what was presented.
    presented: usize,
    /// The places of its names among the names.
    subject: usize,
    issuer: usize,
    known: Option<Arc<Known>>,
    key: Option<Key>,
    could_issue: Option<bool>,
    /// A bit for each presented certificate that may be its issuer.
    issuers: u128,
    good: u128,
    bad: u128,
    anchors: SmallVec<[AnchorEdge; 1]>,
}

/// How names are compared: byte by byte, which finds nearly all issuers, or as RFC 5280 section 7.1 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Exact,
    Canonical,
}

/// The names in a chain, each spelling once, so that comparing two of them is comparing their places.
#[derive(Default)]
struct Names<'c>(SmallVec<[Name<'c>; 8]>);

/// Names that are spelt differently and mean the same.
struct Group {
    /// The place of the first of them.
    first: usize,
    hash: u64,
}

impl<'c> Names<'c> {
    fn place(&mut self, name: Name<'c>) -> usize {
        self.0.iter().position(|known| known.as_der() == name.as_der()).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        })
    }

    /// The group of each name, by its place.
    fn groups(&self, anchors: &AnchorStore) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::with_capacity(self.0.len());
        for (place, name) in self.0.iter().enumerate() {
            let hash = anchors.canonical_hash(name);
            let same = |other: &usize| groups[*other].hash == hash && self.0[*other].matches(name);
            let first = (0..place).find(same).map_or(place, |other| groups[other].first);
            groups.push(Group { first, hash });
        }
        groups
    }
}

struct AnchorEdge {
    position: usize,
    signature: Option<Result<(), SignatureFault>>,
}

struct Candidate {
    outcome: Outcome,
    signatures_good: bool,
}

enum Flow {
    /// The search is over.
    Stop,
    /// Go on with the next candidate.
    Next,
    /// The certificate at this place of the path is not signed by the one after it: go back there.
    Back(usize),
}

impl<'c> Node<'c> {
    fn new(certificate: Certificate<'c>, presented: usize, names: &mut Names<'c>, memory: &Recollection<'_>) -> Self {
        Self {
            certificate,
            presented,
            subject: names.place(certificate.subject()),
            issuer: names.place(certificate.issuer()),
            // The leaf is new as a rule, and is never an issuer.
            known: memory.of(&certificate).map(Arc::clone),
            key: None,
            could_issue: None,
            issuers: 0,
            good: 0,
            bad: 0,
            anchors: SmallVec::new(),
        }
    }
}

impl<'c> Search<'_, 'c> {
    /// Finds who may have issued whom, from the leaf up, and from where an anchor can be reached. Says whether it found
    /// anything that was not known before.
    fn connect(&mut self, spelling: Spelling) -> bool {
        let groups = match spelling {
            Spelling::Exact => None,
            Spelling::Canonical => Some(self.names.groups(self.anchors)),
        };
        let group = |place: usize| groups.as_ref().map_or(place, |groups| groups[place].first);
        let mut found = false;
        let (mut seen, mut waiting): (u128, Indexes) = (1, smallvec![0]);
        while let Some(index) = waiting.pop() {
            let wanted = group(self.nodes[index].issuer);
            let mut issuers = 0u128;
            for (other, candidate) in self.nodes.iter().enumerate().skip(1) {
                if other != index && group(candidate.subject) == wanted {
                    issuers |= 1 << other;
                    if seen >> other & 1 == 0 {
                        seen |= 1 << other;
                        waiting.push(other);
                    }
                }
            }
            found |= issuers != self.nodes[index].issuers;
            self.nodes[index].issuers = issuers;
            found |= self.connect_anchors(index, groups.as_ref().map(|groups| groups[wanted].hash));
        }
        self.find_reaching();
        found
    }

    /// Adds the anchors that may have issued a certificate; without a hash, those whose name is the same byte by byte.
    fn connect_anchors(&mut self, index: usize, canonical_hash: Option<u64>) -> bool {
        let certificate = self.nodes[index].certificate;
        let limit = self.rules.max_anchor_candidates.max(self.rules.max_signatures) as usize;
        let positions = match canonical_hash {
            None => self.anchors.issuers_of(&certificate, limit),
            Some(hash) => self.anchors.issuers_spelt_otherwise(&certificate, hash, limit),
        };
        let before = self.nodes[index].anchors.len();
        for position in positions {
            let is_itself = || self.anchors.anchors()[position].certificate().as_der() == certificate.as_der();
            let edges = &mut self.nodes[index].anchors;
            if edges.iter().all(|edge| edge.position != position) && (self.rules.accept_pinned_leaf || !is_itself()) {
                edges.push(AnchorEdge { position, signature: None });
            }
        }
        self.nodes[index].anchors.len() > before
    }

    fn find_reaching(&mut self) {
        let mut reaching = 0u128;
        loop {
            let before = reaching;
            for (index, node) in self.nodes.iter().enumerate() {
                let by_anchor = node.anchors.iter().any(|edge| !matches!(edge.signature, Some(Err(_))));
                if by_anchor || node.issuers & !node.bad & reaching != 0 {
                    reaching |= 1 << index;
                }
            }
            if reaching == before {
                self.reaching = reaching;
                return;
            }
        }
    }

    /// Extends the path by every anchor and every issuer that its last certificate may have.
    fn explore(&mut self, path: &mut Indexes, on_path: u128) -> Flow {
        let Some(steps) = self.steps_left.checked_sub(1) else { return self.exhaust("steps of the search") };
        self.steps_left = steps;
        let (last, place) = (path[path.len() - 1], path.len() - 1);
        for edge in 0..self.nodes[last].anchors.len() {
            match self.examine(path, edge) {
                Flow::Back(to) if to < place => return Flow::Back(to),
                Flow::Stop => return Flow::Stop,
                _ => {}
            }
        }
        // One more than allowed is still examined, so that the reason is the length and not a missing issuer.
        if place > self.rules.depth as usize {
            return Flow::Next;
        }
        for issuer in self.ordered_issuers(last, on_path) {
            if self.nodes[last].bad >> issuer & 1 == 1 || self.reaching >> issuer & 1 == 0 {
                continue;
            }
            path.push(issuer);
            let flow = self.explore(path, on_path | 1 << issuer);
            path.pop();
            match flow {
                Flow::Back(to) if to < place => return Flow::Back(to),
                Flow::Stop => return Flow::Stop,
                _ => {}
            }
        }
        Flow::Next
    }

    /// The presented certificates that may have issued this one, likeliest first.
    fn ordered_issuers(&mut self, index: usize, on_path: u128) -> Indexes {
        let node = &self.nodes[index];
        let certificate = node.certificate;
        let mut rest = node.issuers & !node.bad & self.reaching & !on_path;
        let mut issuers = Indexes::new();
        while rest != 0 {
            issuers.push(rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
        if issuers.len() > 1 {
            let wanted = certificate.issuer_key_identifier();
            let (rules, now) = (self.rules, self.now);
            for issuer in &issuers {
                let node = &mut self.nodes[*issuer];
                node.could_issue.get_or_insert_with(|| path_checks::could_issue(&node.certificate, rules, now));
            }
            issuers.sort_by_cached_key(|issuer| {
                let issuer = &self.nodes[*issuer];
                let fit = KeyIdentifierFit::of(wanted, &issuer.certificate);
                (issuer.could_issue != Some(true), fit == KeyIdentifierFit::Differs, issuer.known.is_none(), fit)
            });
        }
        issuers
    }

    /// Checks the signatures of a path from an anchor down, then everything else about it.
    fn examine(&mut self, path: &[usize], edge: usize) -> Flow {
        let top = path.len() - 1;
        let anchor = Arc::clone(&self.anchors.anchors()[self.nodes[path[top]].anchors[edge].position]);
        match self.check_anchor_signature(path[top], edge, &anchor) {
            None => return self.exhaust("signatures checked"),
            Some(Err(fault)) => {
                self.find_reaching();
                self.record_bad_signature(path, Some(anchor), fault, top);
                return Flow::Next;
            }
            Some(Ok(())) => {}
        }
        for place in (0..top).rev() {
            match self.check_signature(path[place], path[place + 1]) {
                None => return self.exhaust("signatures checked"),
                Some(Err(fault)) => {
                    self.find_reaching();
                    self.record_bad_signature(path, Some(anchor), fault, place);
                    return Flow::Back(place);
                }
                Some(Ok(())) => {}
            }
        }
        let Some(examined) = self.examined_left.checked_sub(1) else { return self.exhaust("paths examined") };
        self.examined_left = examined;
        let certificates: SmallVec<[Certificate<'c>; 8]> =
            path.iter().map(|index| self.nodes[*index].certificate).collect();
        let presented = self.presented(path);
        let examined = Path { certificates: &certificates, presented: &presented, anchor: &anchor };
        let mut reasons = path_checks::check(&examined, self.rules, self.now, &mut self.comparisons);
        let mut revocation = revocation::check(&examined, self.certificates, self.basis, self.nesting);
        if self.nesting.is_outermost() {
            ocsp::check(&examined, self.certificates, self.basis, &mut revocation);
        }
        reasons.append(&mut revocation.reasons);
        // Where only an answer is missing, this is the path to ask about.
        let accepted = reasons.iter().all(|reason| reason.code == Code::OcspPending);
        let better = self
            .best
            .as_ref()
            .is_none_or(|best| !best.signatures_good || gravity(&reasons) < gravity(&best.outcome.reasons));
        if better {
            let outcome = Outcome { presented, anchor: Some(anchor), reasons, revocation, keys: Vec::new() };
            self.best = Some(Candidate { outcome, signatures_good: true });
        }
        if accepted { Flow::Stop } else { Flow::Next }
    }

    /// None where the budget is spent.
    fn check_anchor_signature(
        &mut self,
        index: usize,
        edge: usize,
        anchor: &Anchor,
    ) -> Option<Result<(), SignatureFault>> {
        let node = &mut self.nodes[index];
        if let Some(known) = node.anchors[edge].signature {
            return Some(known);
        }
        let issuer = anchor.certificate();
        let remembered = node.known.as_ref().is_some_and(|known| known.is_signed_by(&issuer));
        let result = if remembered {
            Ok(())
        } else {
            let in_crowd = node.anchors.len() > 1 && issuer.subject_key_identifier().is_none();
            let certificate = node.certificate;
            if in_crowd {
                self.crowd_signatures_left = self.crowd_signatures_left.checked_sub(1)?;
                anchor.key().verify(&issuer, (&certificate).into())
            } else {
                self.pay_for(|_| anchor.key().verify(&issuer, (&certificate).into()))?
            }
        };
        let node = &mut self.nodes[index];
        node.anchors[edge].signature = Some(result);
        Some(result)
    }

    /// None where the budget is spent.
    fn check_signature(&mut self, index: usize, issuer: usize) -> Option<Result<(), SignatureFault>> {
        let node = &self.nodes[index];
        if node.good >> issuer & 1 == 1 {
            return Some(Ok(()));
        }
        let (subject, authority) = (node.certificate, self.nodes[issuer].certificate);
        let result = if node.known.as_ref().is_some_and(|known| known.is_signed_by(&authority)) {
            Ok(())
        } else {
            self.pay_for(|search| {
                let by = &mut search.nodes[issuer];
                match &by.known {
                    Some(known) => known.key().verify(&authority, (&subject).into()),
                    None => by.key.get_or_insert_with(|| Key::of(&authority)).verify(&authority, (&subject).into()),
                }
            })?
        };
        let node = &mut self.nodes[index];
        match result {
            Ok(()) => node.good |= 1 << issuer,
            Err(_) => node.bad |= 1 << issuer,
        }
        Some(result)
    }

    /// Checks a signature if the budget allows it.
    fn pay_for(
        &mut self,
        check: impl FnOnce(&mut Self) -> Result<(), SignatureFault>,
    ) -> Option<Result<(), SignatureFault>> {
        if self.failures_left == 0 {
            return None;
        }
        self.signatures_left = self.signatures_left.checked_sub(1)?;
        let result = check(self);
        self.failures_left -= u32::from(result.is_err());
        Some(result)
    }

    fn record_bad_signature(
        &mut self,
        path: &[usize],
        anchor: Option<Arc<Anchor>>,
        fault: SignatureFault,
        place: usize,
    ) {
        if self.best.is_none() {
            let reasons = vec![path_checks::signature_reason(fault, place, self.nodes[path[place]].presented)];
            let (presented, revocation) = (self.presented(path), RevocationReport::default());
            let outcome = Outcome { presented, anchor, reasons, revocation, keys: Vec::new() };
            self.best = Some(Candidate { outcome, signatures_good: false });
        }
    }

    fn presented(&self, path: &[usize]) -> Indexes {
        path.iter().map(|index| self.nodes[*index].presented).collect()
    }

    fn exhaust(&mut self, limit: &'static str) -> Flow {
        self.exhausted = Some(limit);
        Flow::Stop
    }

    fn finish(&mut self) -> Option<Outcome> {
        if let Some(limit) = self.exhausted {
            let best = self.best.get_or_insert_with(|| Candidate {
                outcome: Outcome {
                    presented: smallvec![0],
                    anchor: None,
                    reasons: Vec::new(),
                    revocation: RevocationReport::default(),
                    keys: Vec::new(),
                },
                signatures_good: false,
            });
            best.outcome.reasons.push(path_checks::exhausted(limit));
        }
        let mut outcome = self.best.take()?.outcome;
        if outcome.reasons.is_empty() {
            let on_path = self.nodes.iter_mut().filter(|node| outcome.presented.contains(&node.presented));
            outcome.keys = on_path.filter_map(|node| Some((node.presented, node.key.take()?))).collect();
        }
        Some(outcome)
    }
}

/// How bad a path is: the rank of its worst reason is what its owner has to mend first.
fn gravity(reasons: &[Reason]) -> (usize, Option<(u8, i32)>) {
    (reasons.len(), reasons.iter().map(|reason| reason.code.rank()).min())
}
