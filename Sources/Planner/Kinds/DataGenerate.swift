/// Writes rows from functions, utterance templates and slot values.
///
/// Inputs: `functions` and `templates`, one YAML file each.
/// Output: `functions.json`, `rows.jsonl` (rows carry their template and whether template or values are held out).
public struct DataGenerate: StageKind {
    public static let name = "data.generate"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("functions"), .required("templates")]

    /// Rows.
    public var count: Int
    public var seed: Int
    /// Share of each function's templates that only the `phrasing` set uses.
    public var heldOutTemplates: Double
    /// Share of the values of each slot that allows it which only the `values` set uses.
    public var heldOutValues: Double

    public init(count: Int, seed: Int, heldOutTemplates: Double, heldOutValues: Double) {
        self.count = count
        self.seed = seed
        self.heldOutTemplates = heldOutTemplates
        self.heldOutValues = heldOutValues
    }
}
