//! Independent members (rule E7): firms that are linked, directly or through others, count as
//! one. What counts are the connected components of the declared links.

use std::collections::BTreeMap;

/// Groups of members that are not independent of one another, each sorted, in order of their
/// first member. Firms that are no members still join those they are linked with.
pub fn independent_groups<K: Ord + Clone>(members: &[K], links: &[(K, K)]) -> Vec<Vec<K>> {
    let mut parents: BTreeMap<K, K> = members
        .iter()
        .map(|member| (member.clone(), member.clone()))
        .collect();
    for (one, other) in links {
        let (one, other) = (root(&mut parents, one), root(&mut parents, other));
        if one != other {
            let (low, high) = if one < other {
                (one, other)
            } else {
                (other, one)
            };
            parents.insert(high, low);
        }
    }
    let mut groups: BTreeMap<K, Vec<K>> = BTreeMap::new();
    let mut sorted = members.to_vec();
    sorted.sort();
    sorted.dedup();
    for member in sorted {
        let root = root(&mut parents, &member);
        groups.entry(root).or_default().push(member);
    }
    let mut groups: Vec<Vec<K>> = groups.into_values().collect();
    groups.sort();
    groups
}

fn root<K: Ord + Clone>(parents: &mut BTreeMap<K, K>, firm: &K) -> K {
    let mut current = firm.clone();
    while let Some(parent) = parents.get(&current) {
        if *parent == current {
            return current;
        }
        current = parent.clone();
    }
    parents.insert(current.clone(), current.clone());
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_links_is_one_group() {
        let groups = independent_groups(&[1, 2, 3, 4], &[(1, 2), (2, 3)]);

        assert_eq!(groups, [vec![1, 2, 3], vec![4]]);
    }

    #[test]
    fn a_firm_outside_links_the_members_it_owns() {
        let groups = independent_groups(&[1, 2, 3], &[(1, 9), (9, 3)]);

        assert_eq!(groups, [vec![1, 3], vec![2]]);
    }

    #[test]
    fn the_order_of_members_and_links_changes_nothing() {
        let one = independent_groups(&[1, 2, 3, 4, 5], &[(1, 5), (2, 4), (5, 2)]);
        let other = independent_groups(&[5, 4, 3, 2, 1], &[(2, 5), (4, 2), (5, 1)]);

        assert_eq!(one, other);
    }
}
