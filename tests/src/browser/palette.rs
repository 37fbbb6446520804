//! PNG with a palette: a third of the size, and just as sharp.
//!
//! A page has few flat colours, and many shades between them at the edges of letters. The palette keeps the
//! most frequent colours, and those other colours that differ enough from the ones already kept.

use std::collections::HashMap;
use std::io::Cursor;

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};

/// The most colours that one byte per pixel can index.
const COLOURS_MAX: usize = 256;

/// How many of the most frequent colours are always kept. All flat colours are among them.
const KEPT_COLOURS: usize = 96;

type Colour = [u8; 3];

/// A picture with a palette.
#[derive(Debug)]
pub struct Picture {
    /// The PNG file.
    pub png: Vec<u8>,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
}

/// The same picture with at most 256 colours: unchanged if it has no more.
pub fn reduce(png: &[u8]) -> Picture {
    let (width_px, height_px, pixels) = decode(png);
    let palette = palette(&pixels);
    let mut known: HashMap<Colour, u8> = HashMap::new();
    let indices: Vec<u8> = pixels
        .chunk_by(|one, next| one == next)
        .flat_map(|run| {
            let index = *known.entry(run[0]).or_insert_with(|| nearest(&palette, run[0]).0);
            std::iter::repeat_n(index, run.len())
        })
        .collect();
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, width_px, height_px);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::High);
    // Index values have no order, so a filter by differences does not help.
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header().expect("memory can be written to");
    writer
        .write_image_data(&indices)
        .expect("there is an index for each pixel");
    writer.finish().expect("memory can be written to");
    Picture {
        png,
        width_px,
        height_px,
    }
}

fn decode(png: &[u8]) -> (u32, u32, Vec<Colour>) {
    let mut decoder = Decoder::new(Cursor::new(png));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("the browser makes PNG");
    let size = reader.output_buffer_size().expect("a picture fits into memory");
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).expect("the browser makes PNG");
    let channels = frame.color_type.samples();
    assert!(channels >= 3, "the browser makes pictures in colour");
    let pixels = bytes[..frame.buffer_size()].chunks_exact(channels);
    let pixels = pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    (frame.width, frame.height, pixels)
}

fn palette(pixels: &[Colour]) -> Vec<Colour> {
    let mut counts: HashMap<Colour, usize> = HashMap::new();
    for run in pixels.chunk_by(|one, next| one == next) {
        *counts.entry(run[0]).or_default() += run.len();
    }
    let mut colours: Vec<(Colour, usize)> = counts.into_iter().collect();
    // Sorted by colour too, so that the same page yields the same file.
    colours.sort_unstable_by_key(|&(colour, count)| (std::cmp::Reverse(count), colour));
    let colours: Vec<Colour> = colours.into_iter().map(|(colour, _)| colour).collect();
    if colours.len() <= COLOURS_MAX {
        return colours;
    }
    let mut apart = 1;
    loop {
        if let Some(palette) = spread(&colours, apart) {
            return palette;
        }
        apart *= 2;
    }
}

/// The most frequent colours, and every other colour whose squared distance from all colours kept before it
/// is at least `apart`. `None` if these are too many.
fn spread(colours: &[Colour], apart: u32) -> Option<Vec<Colour>> {
    let mut palette = colours[..KEPT_COLOURS].to_vec();
    for &colour in &colours[KEPT_COLOURS..] {
        if nearest(&palette, colour).1 >= apart {
            palette.push(colour);
        }
        if palette.len() > COLOURS_MAX {
            return None;
        }
    }
    Some(palette)
}

/// The index of the nearest colour, and the square of its distance.
fn nearest(palette: &[Colour], colour: Colour) -> (u8, u32) {
    let distance = |other: &Colour| -> u32 {
        let squares = colour
            .iter()
            .zip(other)
            .map(|(one, other)| u32::from(one.abs_diff(*other)).pow(2));
        squares.sum()
    };
    let distances = palette.iter().map(distance).enumerate();
    let (index, distance) = distances
        .min_by_key(|&(_, distance)| distance)
        .expect("a picture has a colour");
    let index = u8::try_from(index).unwrap_or_else(|_| unreachable!("a palette has 256 colours at most"));
    (index, distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width_px: u32, pixels: &[Colour]) -> Vec<u8> {
        let height_px = u32::try_from(pixels.len()).unwrap() / width_px;
        let mut png = Vec::new();
        let mut encoder = Encoder::new(&mut png, width_px, height_px);
        encoder.set_color(ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&pixels.concat()).unwrap();
        writer.finish().unwrap();
        png
    }

    #[test]
    fn a_picture_of_256_colours_is_unchanged() {
        let pixels: Vec<Colour> = (0..=255).map(|shade| [shade, 255 - shade, 7]).collect();
        let reduced = reduce(&png(16, &pixels));
        assert_eq!(decode(&reduced.png), (16, 16, pixels));
    }

    #[test]
    fn with_more_colours_frequent_ones_are_kept_and_others_approximated() {
        // Two backgrounds that hardly differ, and 4,096 shades.
        let flat = [[250, 250, 250], [251, 251, 251]].into_iter().cycle().take(8_192);
        let shades = (0..4_096u32).map(|shade| [shade % 16 * 17, shade / 16 % 16 * 17, shade / 256 * 17]);
        let shades = shades.map(|colour| colour.map(|part| u8::try_from(part).unwrap()));
        let pixels: Vec<Colour> = flat.chain(shades).collect();
        let (_, _, reduced) = decode(&reduce(&png(64, &pixels)).png);
        assert_eq!(reduced[..8_192], pixels[..8_192]);
        let colours: std::collections::HashSet<&Colour> = reduced.iter().collect();
        assert!(colours.len() <= COLOURS_MAX, "{}", colours.len());
        let worst = pixels
            .iter()
            .zip(&reduced)
            .map(|(&from, &to)| nearest(&[to], from).1);
        assert!(worst.max().unwrap() < 128 * 128);
    }
}
