//! Every bound of the photographer's node and of the lab, each with its reason.

use std::time::Duration;

// --- photographer: import ---

/// Files that one import looks at: a big season, and a bound on its list in memory.
pub const IMPORT_FILES_MAX: usize = 200_000;
/// How deep folders may lie below the one imported.
pub const IMPORT_DEPTH_MAX: usize = 32;
/// Photos that are read, hashed and developed at once; each holds one original in memory.
pub const IMPORT_WORKERS_MAX: usize = 8;
/// Photos that are developed and wait for the disk: enough that its pauses, when it
/// flushes, do not become the workers'.
pub const IMPORT_WAITING_MAX: usize = 8;
/// Buffers of originals that were stored and wait for the next ones: as many as may be
/// stored together.
pub const IMPORT_SPARE_MAX: usize = 8;
/// Photos of one command that are worked at at once, each with a thread; how many are
/// rendered, and how much memory they take, is bounded for all commands together.
pub const PHOTOS_AT_ONCE_MAX: usize = 16;
/// Reasons for failure that one import lists by name; the rest are counted.
pub const IMPORT_FAILURES_LISTED_MAX: usize = 10_000;
/// One sled volume of an event; a bigger event has several, each sealed when full.
pub const VOLUME_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// How many edits of a photo can be undone.
pub const RECIPES_REMEMBERED: usize = 20;
/// A stored photo record: a few hundred bytes of facts and names, and 17 KB at most of
/// caption and keywords.
pub const PHOTO_RECORD_BYTES_MAX: usize = 32 * 1024;
/// The copy of a photo's edits: one recipe and [`RECIPES_REMEMBERED`] before it, each of a
/// hundred bytes.
pub const EDITS_BYTES_MAX: usize = 8 * 1024;

/// Hosts of one node: it keeps a connection to each and has a place at its relay, of
/// which a peer has eight.
pub const HOSTS_MAX: i64 = 8;

// --- photographer: orders ---

/// Ranges on their way out for all labs together, each in memory until the connection
/// has taken it: bounds that to this many MiB, twice while a reply is written. One lab
/// may have half of them, which fills 1 Gbit/s at 100 ms.
pub const RANGES_HELD_MAX: usize = 96;
/// The same with an upload limit: one leaves, one is read, one is a small job's.
pub const RANGES_HELD_LIMITED_MIN: usize = 3;
/// The least upload limit, in bytes a second (256 kbit/s): a range takes 33 s, within the
/// time that it may take.
pub const UPLOAD_LIMIT_MIN: u64 = 32_000;
/// Files of print jobs whose permission is remembered between two ranges.
pub const PERMISSIONS_REMEMBERED: usize = 1_024;
/// How often an order's files are made anew because the lab or its rules changed while
/// they were made.
pub const OFFER_TRIES_MAX: usize = 3;
/// First wait before a host is asked once more for a lab that a paid order waits for: its
/// operator may be enrolling one just then.
pub const LAB_SEARCH_FIRST: Duration = Duration::from_secs(2);
/// Longest such wait: such an order has waited for as long already, and ten thousand nodes with
/// one ask their host some twenty times a second.
pub const LAB_SEARCH_MAX: Duration = Duration::from_secs(10 * 60);
/// How long a print file that was made is kept for the next order, since the last: most
/// reorders of an event come within weeks.
pub const MADE_FILES_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Space that all kept print files may take: a few hundred of the usual, beside the
/// originals that they can be made from again.
pub const MADE_FILES_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Kept print files that are looked at, those used last: more than have room.
pub const MADE_FILES_LISTED_MAX: i64 = 50_000;
/// How long bytes that have left may wait to be written down: a kill loses the count of
/// that much, not the fact that the file left.
pub const CUSTODY_SAVED_EVERY: Duration = Duration::from_secs(1);
/// Files of jobs of which is remembered that their departure is written down.
pub const CUSTODY_OPENED_MAX: usize = 4_096;
/// How long one look at custody waits for another home's answer: less than a person does.
pub const SENT_ASKED_PATIENCE: Duration = Duration::from_secs(10);
/// Print files that one look at an event's custody lists: more than an event has ordered.
pub const TRANSFERS_LISTED_MAX: i64 = 50_000;
/// What is said of one order: as much as a host takes.
pub const STATUSES_LISTED_MAX: i64 = 200;
/// Orders listed by one command.
pub const ORDERS_LISTED_MAX: i64 = 1_000;

// --- photographer: homes ---

/// Second homes of one photographer: a studio, a NAS, and one at a friend's.
pub const HOMES_MAX: i64 = 3;
/// How long a code for a second home is valid: long enough to walk to the other machine.
pub const HOME_INVITATION_VALID: Duration = Duration::from_secs(60 * 60);
/// Labs that a second home is told of: those that were chosen or want files of their own.
pub const LABS_TOLD_MAX: usize = 64;
/// Labs of one host that are told of ended homes though nothing was offered to them: they may
/// approve this photographer first. More than a host usually names, and few enough for one
/// that names hundreds.
pub const LABS_TOLD_UNASKED_MAX: i64 = 8;
/// Ranges on their way out for one second home, each in memory until the connection has
/// taken it: fills a house's network, and is little beside what labs may have.
pub const HOME_RANGES_HELD_MAX: usize = 8;
/// How long a second home waits for its turn before it is told that labs come first: less
/// than its request may take.
pub const HOME_TURN_PATIENCE: Duration = Duration::from_secs(60);
/// Ranges that a second home asks for or writes at one time: bounds its memory to that
/// many MiB.
pub const HOME_RANGES_IN_FLIGHT: usize = 8;
/// Of one original, so that two are on their way at once.
pub const HOME_RANGES_OF_ONE_FILE: usize = 4;
/// Photos that are copied at once: one is stored while two come.
pub const HOME_PHOTOS_AT_ONCE: usize = 3;
/// Photos that labs wait for, damaged here, and that are looked for at other homes at once:
/// a disk with more has to be replaced first.
pub const PHOTOS_MISSED_MAX: usize = 256;
/// Photos of an event that another home names, and that one host shows of it: fifty times a
/// big wedding's.
pub const SHOWN_PHOTOS_MAX: usize = 1_000_000;
/// Events of a first home: a wedding a day for a working life, and four times as many.
pub const FOLLOWED_EVENTS_MAX: usize = 65_536;
/// First wait before the first home is asked again after something went wrong.
pub const FOLLOW_RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest such wait; a home that connects is asked at once.
pub const FOLLOW_RETRY_MAX: Duration = Duration::from_secs(60);
/// How often the first home is told how far a long copy is: what people read.
pub const COPIED_TOLD_EVERY: Duration = Duration::from_secs(2);

// --- photographer: disk ---

/// Free space that an import always leaves (DESIGN.md: sled forgives no full disk).
pub const DISK_RESERVE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Given up to get out of a full disk.
pub const BALLAST_BYTES: u64 = 64 * 1024 * 1024;

/// Requests of other peers that are answered at once.
pub const REQUESTS_ANSWERED_AT_ONCE: usize = 64;

// --- photographer: publish ---

/// Batches on their way to the host at once: one is read and sent while the other is stored.
pub const BATCHES_IN_FLIGHT: usize = 2;
/// A wish to publish or withdraw: its selection may name many files.
pub const WISH_BYTES_MAX: usize = 256 * 1024;

// --- photographer: records ---

/// An event's record: names, categories and a price list.
pub const EVENT_RECORD_BYTES_MAX: usize = 256 * 1024;
/// How often photos that have come in are published while an import goes on.
pub const PUBLISH_WHILE_IMPORTING_EVERY: std::time::Duration = std::time::Duration::from_millis(500);

// --- control ---

/// One command, as JSON: a lab's colour profile of 8 MiB takes four characters for each byte.
pub const COMMAND_BYTES_MAX: usize = 40 * 1024 * 1024;
/// Commands that a running node carries out at once.
pub const COMMANDS_AT_ONCE: usize = 16;
/// Reports of progress that wait for a slow listener; more are dropped.
pub const PROGRESS_LINES_WAITING_MAX: usize = 16;
/// Where the running node listens, with its secret: about 130 bytes.
pub const CONTROL_FILE_BYTES_MAX: u64 = 4 * 1024;
/// One line of an answer: a list of 200,000 photos is 60 MB.
pub const CONTROL_LINE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How long the running node may take to be reached, on the same machine.
pub const CONTROL_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A working node says at least this often that it works on.
pub const CONTROL_SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// Silence after which the running node counts as gone.
pub const CONTROL_SILENCE_MAX: Duration = Duration::from_secs(60);

// --- lab ---

/// Print jobs that are fetched at once, whoever offered them.
pub const JOBS_FETCHED_AT_ONCE: usize = 8;
/// Print jobs of one photographer that are fetched at once: two fill the line while
/// one begins or ends, and a node that stalls keeps no other from being served.
pub const JOBS_OF_ONE_PHOTOGRAPHER: usize = 2;
/// Files of one job that are fetched at once, so that the line is full while one
/// file ends and the next begins: six of the usual 12 MB fill the longest line.
pub const FILES_FETCHED_AT_ONCE: usize = 6;
/// Ranges of one file that are asked for or wait to be.
pub const RANGES_OF_ONE_FILE: usize = 16;
/// Ranges in flight from one photographer at first: on a line of 1 Mbit/s they take 67 s,
/// which is within the time that a range may take.
pub const RANGES_IN_FLIGHT_FIRST: usize = 8;
/// Ranges in flight from one photographer. Each takes about three round trips, since its
/// stream's window of 256 KiB has to grow; so 40 fill 1 Gbit/s at 100 ms.
pub const RANGES_IN_FLIGHT_MAX: usize = 64;
/// Ranges in flight on each of several connections to one photographer: while one crosses,
/// the next is read and sent after it.
pub const RANGES_OF_ONE_CONNECTION: usize = 2;
/// Ranges in flight from all photographers, each in memory until it is written; one
/// photographer may have half of them.
pub const RANGES_IN_MEMORY_MAX: usize = 128;
/// A line on which fewer ranges wait for each other takes more.
pub const RANGES_QUEUED_FEW: f64 = 6.0;
/// A line on which more ranges wait for each other gets fewer.
pub const RANGES_QUEUED_MANY: f64 = 10.0;
/// A range that takes longer halves the number in flight: a quarter of the time after
/// which it counts as lost.
pub const RANGE_PATIENCE: Duration = Duration::from_secs(30);
/// Of the places of one peer, so many go to its smallest job before one goes to whoever
/// has waited longest.
pub const PLACES_TO_THE_SMALLEST: u64 = 3;
/// Ranges of one file that are written but not yet recorded as verified. With those in flight,
/// what a killed lab fetches a second time.
pub const RANGES_UNRECORDED_MAX: usize = 16;
/// Written ranges of one file for which the disk is asked while others come: each time
/// costs the disk as much as megabytes do.
pub const RANGES_RECORDED_TOGETHER: usize = 8;
/// How long a written range of a slow line waits to be recorded.
pub const RECORD_WITHIN: Duration = Duration::from_millis(250);
/// The smallest sector.
pub const DISK_SECTOR_BYTES: usize = 512;
/// How often one range may arrive corrupted before its job rests.
pub const RANGE_TRIES_MAX: u32 = 3;
/// First wait before a job that came to a halt is tried again.
pub const JOB_RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest wait before a job that came to a halt is tried again.
pub const JOB_RETRY_MAX: Duration = Duration::from_secs(60);
/// Free space that a taken job leaves on the lab's disks.
pub const LAB_RESERVE_BYTES: u64 = 256 * 1024 * 1024;
/// How long a lab keeps print files for a reprint, unless its people say otherwise: most
/// reprints are asked for within days of the post.
pub const KEEP: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Bytes of print files that a lab keeps for reprints: some 1,500 of the usual size.
pub const KEPT_BYTES_MAX: u64 = 20 * 1024 * 1024 * 1024;
/// Kept print files that are looked at in one go; what is left is looked at the next time.
pub const KEPT_LISTED_MAX: i64 = 100_000;
/// How often the lab looks for what it has kept long enough; days are meant.
pub const KEPT_LOOK: Duration = Duration::from_secs(10 * 60);
/// Withdrawn jobs of one photographer that a lab remembers, the latest: for offers that
/// come after their withdrawal, which is a matter of seconds.
pub const WITHDRAWALS_REMEMBERED: i64 = 1_000;
/// Jobs of one photographer of which a lab remembers whose offers count, the latest spoken of:
/// far more orders than one photographer has open at one time.
pub const TAKEN_OVER_REMEMBERED: i64 = 1_000;
/// Second homes of one photographer that a lab remembers, those that were removed counted.
pub const HOMES_REMEMBERED_MAX: i64 = 20;
/// Photographers that wait for approval; more are refused and not remembered.
pub const WAITING_PHOTOGRAPHERS_MAX: i64 = 200;
/// Jobs listed by one command, newest first.
pub const JOBS_LISTED_MAX: i64 = 1_000;
/// Jobs that a lab holds before it has their files; more are asked to come later.
pub const JOBS_RECEIVING_MAX: i64 = 10_000;
/// Characters of a print file's name in the hot folder, its ending included. Old
/// printers' programs cut at 64.
pub const HOT_FILE_NAME_MAX: usize = 64;
/// Characters of an order folder's name in the hot folder.
pub const HOT_FOLDER_NAME_MAX: usize = 40;
/// Bytes read at once when a file is copied into the hot folder.
pub const COPY_BYTES: usize = 1024 * 1024;
/// Folder names tried for one order before giving up.
pub const HOT_FOLDER_TRIES: u32 = 1_000;
/// Offers and other requests that are answered at once.
pub const LAB_REQUESTS_AT_ONCE: usize = 16;
/// How long the courier leaves a wish to publish to the command that made it, which
/// tries at once.
pub const WISH_PATIENCE_MS: i64 = 30_000;
/// Photos that a sentence names: more of them are a number.
pub const PHOTOS_NAMED_MAX: usize = 5;
/// Photos of an event that one transaction notes: a tenth of a second, in which nobody else
/// can write.
pub const PHOTOS_NOTED_AT_ONCE: usize = 2_000;
/// Orders and jobs that do not come on which a status lists.
pub const HALTED_LISTED_MAX: i64 = 100;
/// Waiting messages that a status lists.
pub const WAITING_LISTED_MAX: u32 = 200;
/// How long a process that ends after one command waits for its messages to go.
pub const SENDING_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// How often it looks whether they have gone.
pub const SENDING_LOOK: std::time::Duration = std::time::Duration::from_millis(50);
/// Volumes of one event: at 64 GiB each, more than any event has.
pub const EVENT_VOLUMES_MAX: u32 = 999;
/// How long a lab that was opened for one command tries to get its reports through.
pub const FINISH_SENDING_DEADLINE: Duration = Duration::from_secs(10);
/// How often it looks whether they got through.
pub const FINISH_SENDING_LOOK: Duration = Duration::from_millis(50);
/// Characters from which on the beginning of a name or an id may stand for it.
pub const NAME_BEGINNING_CHARS_MIN: usize = 4;

/// The mark over an event's proofs, as stored: a logo of 4 MiB and a little more.
pub const PROOF_MARK_BYTES_MAX: usize = 5 * 1024 * 1024;

/// How a lab wants its print files, as stored: its colour profile and a little more.
pub const PRINT_RULES_BYTES_MAX: usize = 9 * 1024 * 1024;
/// How long a lab waits for a direct way to a photographer that it met at the host:
/// two tries at punching a hole.
pub const PUNCH_PATIENCE: Duration = Duration::from_secs(15);
/// Names of photos, categories or events that an error lists: more than that nobody reads.
pub const NAMES_SHOWN_MAX: usize = 8;
/// Slips of the fingers in one name: with more, most names would be like each other.
pub const NAME_SLIPS_MAX: usize = 3;
/// Letters of a name for each slip, so that short names are not all alike.
pub const NAME_LETTERS_PER_SLIP: usize = 5;
