//! How known programs pack their data: `data/schemas/<vendor>/<endpoint>.toml`.

/// One endpoint of one program.
#[derive(Clone, Debug)]
pub struct Schema;

impl Schema {
    pub fn parse(_path: &str, _text: &str) -> Result<Self, String> {
        Ok(Self)
    }
}
