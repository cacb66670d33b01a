//! A `.beam` file as its chunks, to be changed and put together again.

use lam_vm::loader::BeamFile;

/// The name that every mutant bears, so that none stands in for a module that the machine itself runs on.
pub const NAME: &str = "fuzz_mutant";

#[derive(Clone)]
pub struct Chunks(pub Vec<([u8; 4], Vec<u8>)>);

impl Chunks {
    /// The chunks of a sound file that is not compressed, without those that the loader leaves alone; renamed.
    pub fn of(bytes: &[u8], file: &BeamFile) -> Option<Chunks> {
        let mut rest = bytes.get(12..)?;
        let mut chunks = Vec::new();
        while let (Some(id), Some(size)) = (rest.first_chunk::<4>(), rest.get(4..8)) {
            let size = u32::from_be_bytes(size.try_into().ok()?) as usize;
            let data = rest.get(8..8 + size)?.to_vec();
            rest = rest.get(8 + size.next_multiple_of(4)..).unwrap_or_default();
            if !matches!(id, b"Dbgi" | b"Docs" | b"Abst" | b"CInf" | b"Attr" | b"DbgB") {
                chunks.push((*id, data));
            }
        }
        let mut chunks = Chunks(chunks);
        let mut atoms = (file.tables.atoms.len() as u32).to_be_bytes().to_vec();
        for (index, text) in file.tables.atoms.iter().enumerate() {
            let text = if index == 0 { NAME } else { text };
            atoms.push(u8::try_from(text.len()).ok()?);
            atoms.extend(text.bytes());
        }
        *chunks.get(b"AtU8")? = atoms;
        Some(chunks)
    }

    pub fn get(&mut self, id: &[u8; 4]) -> Option<&mut Vec<u8>> {
        self.0.iter_mut().find(|(other, _)| other == id).map(|(_, data)| data)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut body = b"BEAM".to_vec();
        for (id, data) in &self.0 {
            body.extend(id);
            body.extend((data.len() as u32).to_be_bytes());
            body.extend(data);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut file = b"FOR1".to_vec();
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(body);
        file
    }
}
