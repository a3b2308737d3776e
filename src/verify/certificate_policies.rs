//! Certificate policies along a path (RFC 5280 section 6.1 as RFC 9618 amends it, which keeps it linear).

use std::collections::{HashMap, HashSet};

use super::reason::Code;
use crate::certificate::{Certificate, ExtensionKind, policy_mappings};

const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0];

/// One depth of the policy graph: each valid policy with the policies expected below it. What hangs above a node decides
/// nothing while every policy is acceptable to the user, so one depth is all that is kept.
type Level<'c> = HashMap<&'c [u8], Vec<&'c [u8]>>;

/// Checks the policies of a path, leaf first, without its anchor. Returns what is wrong and at which index.
pub(super) fn check(path: &[Certificate<'_>]) -> Result<(), (Code, usize)> {
    for (index, certificate) in path.iter().enumerate().skip(1) {
        if let Some(der) = certificate.extension(ExtensionKind::PolicyMappings)
            && policy_mappings(der).any(|(issuer, subject)| issuer == ANY_POLICY || subject == ANY_POLICY)
        {
            return Err((Code::PolicyInvalid, index));
        }
    }
    // A policy is only ever required by policyConstraints.
    if !path.iter().any(|certificate| certificate.policy_constraints().is_some()) {
        return Ok(());
    }
    let length = u32::try_from(path.len()).unwrap_or(u32::MAX);
    let mut state = State {
        level: Some(HashMap::from([(ANY_POLICY, vec![ANY_POLICY])])),
        explicit_policy: length.saturating_add(1),
        policy_mapping: length.saturating_add(1),
        inhibit_any_policy: length.saturating_add(1),
    };
    for (index, certificate) in path.iter().enumerate().rev() {
        state.apply_policies(certificate, index == 0);
        if index == 0 {
            state.explicit_policy = state.explicit_policy.saturating_sub(1);
            if certificate.policy_constraints().is_some_and(|c| c.require_explicit_policy == Some(0)) {
                state.explicit_policy = 0;
            }
        }
        if state.explicit_policy == 0 && state.level.is_none() {
            return Err((Code::PolicyRequired, index));
        }
        if index > 0 {
            state.prepare_for_next(certificate);
        }
    }
    Ok(())
}

struct State<'c> {
    /// None is the NULL of RFC 5280: no policy is valid any more.
    level: Option<Level<'c>>,
    explicit_policy: u32,
    policy_mapping: u32,
    inhibit_any_policy: u32,
}

impl<'c> State<'c> {
    /// RFC 9618 section 5.3 (d) and (e).
    fn apply_policies(&mut self, certificate: &Certificate<'c>, is_leaf: bool) {
        if certificate.extension(ExtensionKind::CertificatePolicies).is_none() {
            self.level = None;
        }
        let Some(above) = self.level.take() else { return };
        let above_has_any = above.contains_key(ANY_POLICY);
        let expectations: HashSet<&[u8]> = above.values().flatten().copied().collect();
        let mut level = Level::new();
        let mut any = false;
        for policy in certificate.policies() {
            if policy == ANY_POLICY {
                any = true;
            } else if above_has_any || expectations.contains(policy) {
                level.insert(policy, vec![policy]);
            }
        }
        let any_counts = self.inhibit_any_policy > 0 || (!is_leaf && certificate.is_self_issued());
        if any && any_counts {
            for policy in expectations {
                level.entry(policy).or_insert_with(|| vec![policy]);
            }
        }
        self.level = Some(level).filter(|level| !level.is_empty());
    }

    /// RFC 5280 section 6.1.4 (b) and (h) to (j), the former as in RFC 9618 section 5.4.
    fn prepare_for_next(&mut self, certificate: &Certificate<'c>) {
        if let (Some(der), Some(level)) = (certificate.extension(ExtensionKind::PolicyMappings), &mut self.level) {
            let mut mappings: Level<'c> = Level::new();
            for (issuer, subject) in policy_mappings(der) {
                mappings.entry(issuer).or_default().push(subject);
            }
            let has_any = level.contains_key(ANY_POLICY);
            for (issuer, subjects) in mappings {
                if self.policy_mapping == 0 {
                    level.remove(issuer);
                } else if has_any || level.contains_key(issuer) {
                    level.insert(issuer, subjects);
                }
            }
            if level.is_empty() {
                self.level = None;
            }
        }
        if !certificate.is_self_issued() {
            for counter in [&mut self.explicit_policy, &mut self.policy_mapping, &mut self.inhibit_any_policy] {
                *counter = counter.saturating_sub(1);
            }
        }
        if let Some(constraints) = certificate.policy_constraints() {
            lower(&mut self.explicit_policy, constraints.require_explicit_policy);
            lower(&mut self.policy_mapping, constraints.inhibit_policy_mapping);
        }
        lower(&mut self.inhibit_any_policy, certificate.inhibit_any_policy());
    }
}

fn lower(counter: &mut u32, limit: Option<u32>) {
    *counter = limit.map_or(*counter, |limit| limit.min(*counter));
}
