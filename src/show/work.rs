//! What became of an import, an edit, a check and an export, in words; and whether it went
//! as it should.

use enprint_node::photographer::PhotographerAnswer as Answer;
use enprint_node::photographer::commands::{DamagedPhoto, EditReport, ExportReport, ImportReport, PhotoFile};

use enprint_node::photographer::proof_mark::MarkDamage;

use super::changes::{marked, replaced};
use super::galleries::{not_told, published};
use super::photographer::alike;
use super::{bytes, count};

const LISTS_MENDED: &str = "A part of the list of this event's photos was damaged on this disk. What these files had of \
                            it is here again; import the event's other files, too, if there are any.\n";

const EDITS_UNKNOWN: &str = "It was damaged before this version of Enprint could keep a copy of its edits: a photo that \
                             was stored anew may have lost them. Look at it before it is printed.\n";

/// Who needs no hand for it.
const FROM_OTHER: &str = "With two homes, “verify” at either fetches them from the other while it is connected; a second \
                          home does so by itself, too.";

/// What was found wrong by a command that did its work, as the sentence that it ends with.
pub fn failure(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Verified { event, damaged, trouble, damaged_mark, .. } => match damaged.len() as u64 {
            0 => hurt(trouble.as_ref()).or_else(|| {
                let is_lost = *damaged_mark == Some(MarkDamage::Lost);
                is_lost.then(|| format!("the mark over the proofs of “{event}” is damaged"))
            }),
            number => {
                let photos = count(number, "photo of “{event}” is", "photos of “{event}” are");
                Some(format!("{} damaged", photos.replace("{event}", event)))
            }
        },
        Answer::Exported(report) => failed_export(report),
        Answer::Imported(report) => failed_import(report),
        Answer::Edited(report) => failed_edit(report),
        Answer::Event(event) => hurt(event.trouble.as_ref()),
        Answer::Photos { trouble, .. } | Answer::Custody { trouble, .. } => hurt(trouble.as_ref()),
        Answer::Published(report) => hurt(report.trouble.as_ref()),
        Answer::Events { events } => {
            let damaged = events.iter().filter(|event| event.trouble.is_some()).count() as u64;
            hurt_events(damaged)
        }
        Answer::Status(status) => {
            hurt_events(status.damaged.len() as u64).or_else(|| halted_orders(status.orders_halted))
        }
        Answer::Withdrawn { hosts, .. } => {
            hosts.iter().find_map(|at| at.problem.as_ref().map(|_| format!("{} may still show photos", at.host)))
        }
        _ => None,
    }
}

/// In few words: the report has the sentence.
fn hurt(trouble: Option<&String>) -> Option<String> {
    trouble.map(|_| "photos of the event are damaged or missing".to_owned())
}

fn hurt_events(damaged: u64) -> Option<String> {
    (damaged > 0).then(|| format!("photos of {} are damaged or missing", count(damaged, "event", "events")))
}

fn halted_orders(halted: u64) -> Option<String> {
    (halted > 0).then(|| format!("{} not go on", count(halted, "order does", "orders do")))
}

fn failed_export(report: &ExportReport) -> Option<String> {
    if !report.failed.is_empty() {
        let originals = count(report.failed.len() as u64, "original is", "originals are");
        return Some(format!("{originals} damaged and not written"));
    }
    report.stopped.clone().or_else(|| hurt(report.trouble.as_ref()))
}

fn failed_import(report: &ImportReport) -> Option<String> {
    if !report.failed.is_empty() {
        return Some(format!("{} not imported", count(report.failed.len() as u64, "file was", "files were")));
    }
    if !report.others_than_damaged.is_empty() {
        let photos = count(report.others_than_damaged.len() as u64, "photo stays", "photos stay");
        return Some(format!("{photos} damaged"));
    }
    let trouble = report.trouble.as_ref().filter(|_| !report.trouble_mended);
    report.stopped.clone().or_else(|| hurt(trouble))
}

fn failed_edit(report: &EditReport) -> Option<String> {
    if !report.failed.is_empty() {
        return Some(format!("{} not edited", count(report.failed.len() as u64, "photo was", "photos were")));
    }
    let not_shown = report.told.iter().find_map(|at| {
        at.problem.as_ref().map(|_| format!("“{}” is edited, and {} does not show it", report.event, at.host))
    });
    if not_shown.is_some() {
        return not_shown;
    }
    let nothing = || (report.edited == 0).then(|| "no photo was edited".to_owned());
    report.stopped.clone().or_else(nothing)
}

/// What an import did.
pub fn imported(report: &ImportReport) -> String {
    let mut text = format!(
        "{}: {} imported, {}.\n",
        report.event,
        count(report.imported, "photo", "photos"),
        bytes(report.original_bytes)
    );
    let again = ", import the folder again with its name, and";
    text += &alike(&report.event, &report.alike, again);
    if report.edits_given_back > 0 {
        let number = count(report.edits_given_back, "photo that was lost has", "photos that were lost have");
        text += &format!("{number} the edits again that you had made.\n");
    }
    if !report.duplicates.is_empty() {
        text +=
            &format!("{} here already, skipped.\n", count(report.duplicates.len() as u64, "photo was", "photos were"));
    }
    if !report.repaired.is_empty() {
        let number = count(report.repaired.len() as u64, "photo was", "photos were");
        text += &format!("{number} damaged on this disk and repaired from these files:\n");
        report.repaired.iter().for_each(|path| text += &format!("  {path}\n"));
    }
    if !report.described.is_empty() {
        let number = count(report.described.len() as u64, "photo has", "photos have");
        text += &format!("Of these, {number} new words, stars or keywords from the XMP file beside it.\n");
    }
    if !report.failed.is_empty() {
        text += &format!("{} not imported:\n", count(report.failed.len() as u64, "file was", "files were"));
        for failed in &report.failed {
            text += &format!("  {}: {}\n", failed.name, failed.reason);
        }
    }
    if !report.not_for_print.is_empty() {
        let number = count(report.not_for_print.len() as u64, "photo is", "photos are");
        text += &format!("{number} to be looked at alone; the gallery offers no prints of them:\n");
        for photo in &report.not_for_print {
            text += &format!("  {}: {}\n", photo.name, photo.reason);
        }
    }
    if !report.others_than_damaged.is_empty() {
        let number = count(report.others_than_damaged.len() as u64, "file has", "files have");
        text += &format!(
            "{number} the name of a photo that is damaged here, but other bytes, and so became a photo of its own; \
             the damaged one stays damaged until the file is imported that it was made of:\n"
        );
        report.others_than_damaged.iter().for_each(|path| text += &format!("  {path}\n"));
    }
    text += &replaced(&report.replaced_prices);
    text += &marked(&report.event, report.mark.as_ref());
    match &report.trouble {
        Some(_) if report.trouble_mended => text += LISTS_MENDED,
        Some(trouble) => text += &format!("{trouble}\n"),
        None => {}
    }
    if report.edits_unknown && report.imported > 0 {
        text += EDITS_UNKNOWN;
    }
    if let Some(reason) = &report.stopped {
        text += &format!("The import stopped: {reason}\n");
    }
    text + &report.published.as_deref().map(published).unwrap_or_default()
}

/// What an edit did.
pub fn edited(report: &EditReport) -> String {
    let mut text = format!("{}: {} edited.\n", report.event, count(report.edited, "photo", "photos"));
    if report.unchanged > 0 {
        text += &format!("{} that way already.\n", count(report.unchanged, "photo was", "photos were"));
    }
    if !report.failed.is_empty() {
        text += &format!("{} as before:\n", count(report.failed.len() as u64, "photo stays", "photos stay"));
        for failed in &report.failed {
            text += &format!("  {}: {}\n", failed.name, failed.reason);
        }
    }
    text += &marked(&report.event, report.mark.as_ref());
    if let Some(published) =
        report.published.filter(|_| report.told.iter().any(|at| at.problem.is_none() && !at.queued))
    {
        text += &format!("The gallery shows {} anew.\n", count(published, "photo", "photos"));
    }
    text += &not_told(&report.told);
    if let Some(reason) = &report.stopped {
        text += &format!("{reason}\n");
    }
    text
}

/// What an export did.
pub fn exported(report: &ExportReport) -> String {
    let mut text = format!("{} written, {}.\n", count(report.files, "original", "originals"), bytes(report.bytes));
    if report.there > 0 {
        text += &format!("{} in the folder already.\n", count(report.there, "original was", "originals were"));
    }
    if !report.renamed.is_empty() {
        let number = count(report.renamed.len() as u64, "file has", "files have");
        text += &format!("{number} another name, since another file was there under the photo’s:\n");
        report.renamed.iter().for_each(|name| text += &format!("  {name}\n"));
    }
    if !report.failed.is_empty() {
        text += &format!("{} not written:\n", count(report.failed.len() as u64, "original was", "originals were"));
        report.failed.iter().for_each(|file| text += &format!("  {}: {}\n", file.name, file.reason));
        text += &repairs(&report.event);
    }
    if let Some(trouble) = &report.trouble {
        text += &format!("There may be more originals: {}\n", in_midst(trouble));
    }
    text + &report.stopped.iter().map(|reason| format!("{reason}\n")).collect::<String>()
}

/// How what is damaged becomes whole.
fn repairs(event: &str) -> String {
    format!(
        "Import these files again from your card or a backup, which repairs them:\n  enprint photographer import \
         FOLDER --event \"{event}\"\n{FROM_OTHER}\n"
    )
}

/// What a look at every byte found.
pub fn verified(
    event: &str,
    (blobs, read): (u64, u64),
    (damaged, repaired): (&[DamagedPhoto], &[String]),
    trouble: Option<&str>,
) -> String {
    let mut text = format!("{} read, {}. ", count(blobs, "file was", "files were"), bytes(read));
    if !repaired.is_empty() {
        let number = count(repaired.len() as u64, "photo was", "photos were");
        text += &format!("{number} damaged or lost in “{event}”, and fetched from your other home:\n");
        repaired.iter().for_each(|name| text += &format!("  {name}\n"));
    }
    if !damaged.is_empty() {
        let number = count(damaged.len() as u64, "photo is", "photos are");
        text += &format!("{number} damaged in “{event}”:\n");
        damaged.iter().for_each(|photo| text += &format!("  {}: {}\n", photo.name, files(&photo.files)));
        text += &repairs(event);
    }
    if let Some(trouble) = trouble {
        text += &format!("There may be photos that could not be looked at: {}", in_midst(trouble));
        // Of what is damaged it was said.
        return if damaged.is_empty() { format!("{text} {FROM_OTHER}") } else { text };
    }
    match (damaged.is_empty(), repaired.is_empty()) {
        (true, true) => text + "All are as they were imported.",
        (true, false) => text + "All are whole now; look after the disk.",
        (false, _) => text,
    }
}

fn files(files: &[PhotoFile]) -> String {
    let word = |file: &PhotoFile| match file {
        PhotoFile::Original => "original",
        PhotoFile::Thumbnail => "thumbnail",
        PhotoFile::Proof => "proof",
    };
    files.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// What became of an event's mark that the disk had damaged.
pub fn mark_found(event: &str, damage: MarkDamage) -> String {
    match damage {
        MarkDamage::Repaired => {
            "\nThe mark over the proofs was damaged on this disk and is stored anew from its copy.".into()
        }
        MarkDamage::Lost => format!(
            "\nThe mark over the proofs is damaged on this disk. Say it again, in other words or at another place: \
             enprint photographer event \"{event}\" --watermark TEXT"
        ),
    }
}

/// Which photos of an event are missing or damaged, or why there may be more.
pub fn more_photos(trouble: Option<&str>) -> String {
    trouble.map(|trouble| format!("{trouble}\n")).unwrap_or_default()
}

/// A sentence after a colon.
fn in_midst(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_home_is_good_for_is_said_once() {
        let (name, category, files) = ("a.jpg".into(), "cake".into(), vec![PhotoFile::Original]);
        let damaged = [DamagedPhoto { name, category, files }];
        for (damaged, trouble, said) in [
            (&damaged[..], Some("A part is damaged."), 1),
            (&damaged, None, 1),
            (&[], Some("A part is damaged."), 1),
            (&[], None, 0),
        ] {
            let text = verified("Wedding", (9, 99), (damaged, &[]), trouble);
            assert_eq!(text.matches("second home").count(), said, "{text}");
        }
    }
}
