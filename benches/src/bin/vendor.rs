//! An Okta that has a number of users: `GET /api/v1/users` in pages of 200 with `Link` headers, answered from memory.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const PAGE: usize = 200;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let users: usize = std::env::args().nth(1).unwrap_or_else(|| "1000".into()).parse()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    println!("{base}");
    // made beforehand, so that the client is measured and not the vendor
    let pages = users.div_ceil(PAGE);
    let ready: Arc<Vec<Bytes>> =
        Arc::new((0..pages).map(|page| Bytes::from(userdir_bench::page(page * PAGE, PAGE))).collect());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (base, ready) = (base.clone(), ready.clone());
        let answer = service_fn(move |request: Request<Incoming>| {
            let (base, ready) = (base.clone(), ready.clone());
            async move { Ok::<_, Infallible>(answer(&request, &base, &ready, pages)) }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

fn answer(request: &Request<Incoming>, base: &str, ready: &[Bytes], pages: usize) -> Response<Full<Bytes>> {
    let after = request.uri().query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("after="));
    let page: usize = after.and_then(|page| page.parse().ok()).unwrap_or(0);
    let body = ready.get(page % ready.len().max(1)).cloned().unwrap_or_default();
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    let next = format!("<{base}/api/v1/users?limit={PAGE}&after={}>; rel=\"next\"", page + 1);
    if page + 1 < pages
        && let Ok(next) = header::HeaderValue::try_from(next)
    {
        response.headers_mut().insert(header::LINK, next);
    }
    response
}
