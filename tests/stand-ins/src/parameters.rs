//! A request's parameters, however the client wrote them: query, JSON, form or multipart.

use axum::Form;
use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

/// By name. Forms carry everything as text, so that numbers and objects are read out of strings as well.
#[derive(Debug, Default)]
pub struct Parameters(Map<String, Value>);

/// The largest request body in bytes: Telegram takes files of 50 MB.
pub const LARGEST: usize = 60 * 1_024 * 1_024;

impl From<Map<String, Value>> for Parameters {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl Parameters {
    /// Reads them all. The error says what could not be read, for people.
    pub async fn read(request: Request) -> Result<Self, String> {
        let mut all = Map::new();
        if let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()) {
            all.extend(pairs.into_iter().map(|(name, value)| (name, Value::String(value))));
        }
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*kind {
            "application/json" => {
                let body =
                    axum::body::to_bytes(request.into_body(), LARGEST).await.map_err(|e| e.to_string())?;
                if !body.is_empty() {
                    match serde_json::from_slice(&body) {
                        Ok(Value::Object(fields)) => all.extend(fields),
                        Ok(_) => return Err("request body is not an object".to_owned()),
                        Err(error) => return Err(format!("can't parse request body: {error}")),
                    }
                }
            }
            "application/x-www-form-urlencoded" => {
                let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, &())
                    .await
                    .map_err(|e| e.body_text())?;
                all.extend(pairs.into_iter().map(|(name, value)| (name, Value::String(value))));
            }
            "multipart/form-data" => {
                let mut parts = Multipart::from_request(request, &()).await.map_err(|e| e.body_text())?;
                while let Some(part) = parts.next_field().await.map_err(|e| e.body_text())? {
                    let name = part.name().unwrap_or_default().to_owned();
                    let value = part.text().await.map_err(|e| e.body_text())?;
                    all.insert(name, Value::String(value));
                }
            }
            _ => {}
        }
        Ok(Self(all))
    }

    /// A text; numbers and flags are written out.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_i64(),
        }
    }

    /// A flag; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::String(text)) => {
                matches!(&*text.to_ascii_lowercase(), "true" | "1" | "yes" | "y" | "t")
            }
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() != Some(0),
            _ => false,
        }
    }

    /// An object or a list, which forms carry as JSON text. The error names the parameter.
    pub fn json(&self, name: &str) -> Result<Option<Value>, String> {
        match self.0.get(name) {
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_| format!("can't parse {name} JSON object"))
            }
            Some(Value::Null) | None => Ok(None),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}
