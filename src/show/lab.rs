//! A lab's answers in words.

use enprint_node::lab::LabAnswer as Answer;
use enprint_node::lab::commands::{HostSummary, JobSummary, LabStatus, PhotographerSummary};

use super::peers::peers;
use super::{bytes, columns, connected, connection, count, network, reached, running, waiting};

/// `answer` in words.
pub fn words(answer: &Answer) -> String {
    match answer {
        Answer::Enrolled { host, .. } => format!("Enrolled at {host}. Its photographers can find this lab now."),
        Answer::Status(status) => lab_status(status),
        Answer::Photographers { photographers } if photographers.is_empty() => {
            "No photographer has been heard of yet. Enrol at a host first: “enprint lab enrol”.".into()
        }
        Answer::Photographers { photographers: list } => photographers(list),
        Answer::Hosts { hosts } => host_list(hosts),
        Answer::Jobs { jobs } if jobs.is_empty() => "No jobs yet.".into(),
        Answer::Jobs { jobs } => jobs.iter().map(job).collect::<Vec<_>>().join("\n"),
        Answer::Job(one) => job(one),
    }
}

fn photographers(list: &[PhotographerSummary]) -> String {
    let row = |one: &PhotographerSummary| {
        let connected = connected(one.connected, one.way.as_deref());
        vec![one.name.clone(), one.standing.clone(), connected, one.peer_id.to_string()]
    };
    let mut text = columns(&list.iter().map(row).collect::<Vec<_>>());
    if list.iter().any(|one| one.standing == "waiting") {
        text += "“enprint lab approve NAME” takes the jobs of one that is waiting.\n";
    }
    text
}

fn host_list(hosts: &[HostSummary]) -> String {
    if hosts.is_empty() {
        return "The lab is enrolled at no host: “enprint lab enrol” uses an invitation.".into();
    }
    let row = |host: &HostSummary| {
        vec![host.name.clone(), connection(host.connected, host.way.as_deref()), host.peer_id.to_string()]
    };
    columns(&hosts.iter().map(row).collect::<Vec<_>>())
}

fn job(job: &JobSummary) -> String {
    let mut text = format!(
        "{}  {}, {}, {} in {}\n",
        job.number,
        job.event,
        job.photographer,
        count(job.prints, "print", "prints"),
        count(job.files, "file", "files")
    );
    text += &match job.here_bytes == job.file_bytes {
        true => format!("  {}, {}\n", job.state, bytes(job.file_bytes)),
        false => format!("  {}, {} of {}\n", job.state, bytes(job.here_bytes), bytes(job.file_bytes)),
    };
    if let Some(folder) = &job.folder {
        text += &format!("  in the hot folder as {folder}\n");
    }
    if let Some(hint) = &job.hint {
        text += &format!("  {hint}\n");
    }
    text
}

/// How a lab is.
pub fn lab_status(status: &LabStatus) -> String {
    let mut text = format!("Lab         {}, peer id {}\n", running(status.running), status.peer_id);
    if status.host.is_none() {
        text += "Host        not enrolled yet\n";
    }
    for address in &status.addresses {
        text += &format!("Listens     {address}/p2p/{}\n", status.peer_id);
    }
    text += &reached(status.reachability, status.router.as_ref());
    text += &peers(&status.peers, status.running, &["host"]);
    text += &format!("Hot folder  {}\n", status.hot_folder);
    text += &format!("Jobs        {} arriving, {} here and not shipped\n", status.jobs_receiving, status.jobs_open);
    if status.jobs_fetching > 0 {
        let (jobs, pieces) = (count(status.jobs_fetching, "job", "jobs"), status.ranges_fetching);
        text += &format!("Fetching    {jobs}, {} asked for\n", count(pieces, "piece", "pieces"));
    }
    if status.photographers_waiting > 0 {
        text += &format!(
            "Approval    {} for it; “enprint lab photographers” lists them\n",
            count(status.photographers_waiting, "photographer waits", "photographers wait")
        );
    }
    if status.running {
        text += &network(status.wire_sent_bytes, status.wire_received_bytes);
    }
    text + &waiting::halted(&status.halted) + &waiting::messages(&status.reports_waiting)
}
