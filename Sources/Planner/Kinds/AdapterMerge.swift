/// Adds low-rank adapters to the weights of the model that they were trained beside.
///
/// Inputs: `model` (a model folder), `adapters` (of a training stage with `lora`).
/// Output: a model folder.
public struct AdapterMerge: StageKind {
    public static let name = "adapter.merge"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("adapters")]

    public init() {}

    public func memory(_ inputs: [String: Int]) -> Int { Memory.merging(inputs) }
}
