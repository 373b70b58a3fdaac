//! Scratch: serves /tmp/look. Not to be kept.
use enprint_customer_web::protocol::{access_code::AccessCode, enrol::Role, event::*, ids::*, money::Currency, publish::*, Keypair};
use enprint_customer_web::{SiteConfig, bind};
use enprint_host_index::{HostConfig, Index, index::Enrolment};

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = HostConfig::new(folder.path());
    config.name = "Lima Photography".into();
    let index = Index::open(&config).await.unwrap();
    let me = Keypair::generate_ed25519().public().to_peer_id();
    let invitation = index.invite(Role::Photographer, std::time::Duration::from_secs(600)).await.unwrap();
    index.enrol(me, &Enrolment { role: Role::Photographer, name: "Ana Lima".into(), invitation, addresses: vec![] }).await.unwrap();
    if std::env::var("AWAY").is_err() { index.seen(me).await.unwrap(); }
    let mut list = PriceList::usual(Currency::EUR);
    list.payment_note = "By transfer to Ana Lima\nIBAN PT50 0002 0123 1234 5678 9015 4".into();
    let event = EventRecord { event_id: "0123456789ABCDEFGHJKMNPQRS".parse().unwrap(), name: "Joana & Miguel’s Wedding".into(), description: "A long day in the hills above Sintra, from the first light to the last dance.\nThank you for having me!".into(), date: Some("2026-06-14".parse().unwrap()), photographer: "Ana Lima".into(), copyright: "© Ana Lima".into(), categories: ["Preparations","Ceremony","Reception","Party"].map(String::from).to_vec(), price_list: list };
    let code: AccessCode = "7K3M-Q9XA-2BTD".parse().unwrap();
    index.put_event(me, &event, &code).await.unwrap();
    let mut files: Vec<_> = std::fs::read_dir("/tmp/look/t").unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let total = files.len();
    for (n, file) in files.iter().enumerate() {
        let pic = |dir: &str| { let jpeg = std::fs::read(format!("/tmp/look/{dir}/{file}")).unwrap(); let (width_px, height_px) = jpeg_size(&jpeg).unwrap(); Picture { width_px, height_px, jpeg: jpeg.into() } };
        let (thumbnail, proof) = (pic("t"), pic("p"));
        let scale = if n % 7 == 3 { 1 } else if n % 5 == 1 { 2 } else { 4 };
        let record = PhotoRecord { photo_id: PhotoId(ContentHash::of(file.as_bytes())), file_name: format!("DSC_{:04}.jpg", 1200 + n * 3), category: event.categories[n * 4 / total].clone(), captured: Some(format!("2026-06-14T{:02}:{:02}:00", 9 + n / 10, n % 60).parse().unwrap()), camera: Some("Canon EOS R5".into()), width_px: proof.width_px * scale / 2, height_px: proof.height_px * scale / 2, rating: if n == 13 { Some(5) } else { None } };
        index.publish(me, event.event_id, vec![PublishedPhoto { record, thumbnail, proof }]).await.unwrap();
    }
    let listen = std::env::args().nth(1).unwrap_or("127.0.0.1:8931".into()).parse().unwrap();
    let bound = bind(SiteConfig { listen, public_url: None, trust_proxy: None }, index.clone()).await.unwrap();
    println!("serving http://{}", bound.local_addr());
    bound.run(std::future::pending()).await;
}
