/// Adds low-rank adapters to the weights of the model that they were trained beside.
///
/// Inputs: `model` (a model folder), `adapters` (of a training stage with `lora`).
/// Output: a model folder.
package struct AdapterMerge: StageKind {
    package static let name = "adapter.merge"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("model"), .required("adapters")]

    package init() {}

    package func memory(_ inputs: [String: Int]) -> Int { Memory.merging(inputs) }
}
