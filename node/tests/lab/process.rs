//! A lab in a process of its own, which can be killed as a power cut would. The
//! process is this very test program, told by its environment to be a lab.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use enprint_node::lab::Lab;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::running::{ANY_PORT, Place, config};

const FOLDER: &str = "ENPRINT_TEST_LAB_FOLDER";

/// A lab that can be killed.
pub struct LabProcess {
    pub place: Place,
    child: Child,
}

impl LabProcess {
    /// At a free port, not at one that it had: another test may have that by now.
    pub async fn start(dir: &TempDir) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::a_lab_in_a_process_of_its_own", "--nocapture"])
            .env(FOLDER, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let config = config(dir.path(), ANY_PORT);
        // Only to ask it with; where it is, it says itself.
        let (data_dir, hot_folder) = (config.data_dir, config.hot_folder);
        let mut place = Place {
            peer_id: enprint_protocol::PeerId::random(),
            address: ANY_PORT.parse().unwrap(),
            data_dir,
            hot_folder,
        };
        let status = place.status().await;
        place.peer_id = status.peer_id;
        place.address = status.addresses[0].clone();
        Self { place, child }
    }

    /// Ends it at once, whatever it is doing.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for LabProcess {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Does nothing, unless [`LabProcess`] started this program to be a lab.
#[tokio::test]
async fn a_lab_in_a_process_of_its_own() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let lab = Lab::open(config(Path::new(&folder), ANY_PORT)).await.unwrap();
    lab.run(CancellationToken::new()).await.unwrap();
}
