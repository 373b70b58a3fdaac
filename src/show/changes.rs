//! What a command found of an event, or changed of it, beside its photos, in words.

use enprint_node::photographer::proof_mark::ProofMark;

/// How an event's proofs are marked that are made now, and how that is changed where it is not
/// what the node was started with.
pub fn marked(event: &str, mark: Option<&ProofMark>) -> String {
    let Some(known) = mark else { return String::new() };
    let change = format!("enprint photographer event \"{event}\"");
    let text = match (&known.mark, known.is_other_than_nodes) {
        (None, false) => String::new(),
        (Some(mark), false) => format!("Proofs are marked with {mark}.\n"),
        (Some(mark), true) => format!(
            "Proofs of this event keep their mark, {mark}, though the node was started otherwise. {change} --watermark \
             TEXT gives it another, --no-watermark none.\n"
        ),
        (None, true) => {
            format!("Proofs of this event are not marked, as you said. {change} --watermark TEXT marks them.\n")
        }
    };
    text + &earlier_proofs(event, known)
}

/// Of proofs that were made before the mark was another.
pub fn earlier_proofs(event: &str, mark: &ProofMark) -> String {
    if !mark.is_for_new_alone {
        return String::new();
    }
    format!(
        "That is for proofs that are made from now on; those that were here stay as they are, also in galleries. All \
         are made anew so by: enprint photographer edit --event \"{event}\" --all --anew\n"
    )
}

/// What of an event's prices is other than before.
pub fn replaced(prices: &[String]) -> String {
    if prices.is_empty() {
        return String::new();
    }
    format!("Prices were replaced; orders that were placed keep theirs:\n  {}\n", prices.join("\n  "))
}
