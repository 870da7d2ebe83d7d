//! A client that downloads every page of a `Link` header list and counts bytes: the floor of any client.

use std::time::Instant;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let base = std::env::args().nth(1).unwrap_or_default();
    let mut next = Some(format!("{base}/api/v1/users?limit=200"));
    // a second call says that one is installed, which is as good
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (start, mut bytes, mut pages) = (Instant::now(), 0, 0);
    while let Some(url) = next.take() {
        let response = client.get(url).send().await?;
        let link = response.headers().get("link").and_then(|link| link.to_str().ok()).unwrap_or_default();
        next = link.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(url, _)| url.to_owned());
        bytes += response.bytes().await?.len();
        pages += 1;
    }
    println!("{pages} pages, {bytes} bytes, {:.3} s", start.elapsed().as_secs_f64());
    Ok(())
}
