/// Writes rows from functions, utterance templates and slot values.
///
/// Inputs: `functions` and `templates`, one YAML file each.
/// Output: `functions.json`, `rows.jsonl` (rows carry their template and whether template or values are held out).
package struct DataGenerate: StageKind {
    package static let name = "data.generate"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("functions"), .required("templates")]

    /// Rows.
    package var count: Int
    package var seed: Int
    /// Share of each function's templates that only the `phrasing` set uses.
    package var heldOutTemplates: Double
    /// Share of the values of each slot that allows it which only the `values` set uses.
    package var heldOutValues: Double

    package init(count: Int, seed: Int, heldOutTemplates: Double, heldOutValues: Double) {
        self.count = count
        self.seed = seed
        self.heldOutTemplates = heldOutTemplates
        self.heldOutValues = heldOutValues
    }
}
