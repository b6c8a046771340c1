//! The bundled sample: synthetic food-security data with a recipe for each file, carried inside the program.

use std::fs;

use pulse_core::{Error, Result};

use crate::Engine;

/// One bundled file with its recipe.
#[derive(Debug)]
pub struct Sample {
    /// What it is called.
    pub title: &'static str,
    /// What it holds and what is messy in it.
    pub description: &'static str,
    /// The data file's name.
    pub file: &'static str,
    /// The name of the table it is imported into, without the layer.
    pub table: &'static str,
    data: &'static [u8],
    recipe: &'static str,
}

impl Sample {
    /// The recipe file's content.
    pub fn recipe(&self) -> &'static str {
        self.recipe
    }
}

/// The bundled samples.
pub fn samples() -> &'static [Sample] {
    const SAMPLES: &[Sample] = &[
        Sample {
            title: "Food prices",
            description: "Market prices in many currencies: a preamble and a footer, mixed dates and number forms, \
                          several spellings of countries, duplicate rows. Synthetic.",
            file: "food_prices.csv",
            table: "food_prices",
            data: include_bytes!("../../../../datasets/food_prices.csv"),
            recipe: include_str!("../../../../datasets/recipes/food_prices.recipe.json"),
        },
        Sample {
            title: "Food security indicators",
            description: "Country-year indicators laid out like a FAOSTAT bulk download: footnote marks, `<2.5`, \
                          flags, codes with leading zeros. Synthetic.",
            file: "food_security_indicators.csv",
            table: "food_security_indicators",
            data: include_bytes!("../../../../datasets/food_security_indicators.csv"),
            recipe: include_str!("../../../../datasets/recipes/food_security_indicators.recipe.json"),
        },
    ];
    SAMPLES
}

/// Writes the samples into the workspace's `samples` folder where they are not there yet, and says where they lie.
pub(crate) fn unpack(engine: &Engine) -> Result<Vec<pulse_rpc::types::Sample>> {
    let folder = engine.root().join("samples");
    fs::create_dir_all(&folder).map_err(|cause| Error::io("make the folder", &folder, &cause))?;
    samples()
        .iter()
        .map(|sample| {
            let (path, recipe_path) = (folder.join(sample.file), folder.join(format!("{}.recipe.json", sample.table)));
            for (path, bytes) in [(&path, sample.data), (&recipe_path, sample.recipe.as_bytes())] {
                if fs::metadata(path).map_or(true, |found| found.len() != bytes.len() as u64) {
                    fs::write(path, bytes).map_err(|cause| Error::io("write the sample", path, &cause))?;
                }
            }
            Ok(pulse_rpc::types::Sample {
                title: sample.title.to_owned(),
                description: sample.description.to_owned(),
                path: path.display().to_string(),
                recipe_path: recipe_path.display().to_string(),
                table: format!("bronze.{}", sample.table),
            })
        })
        .collect()
}
