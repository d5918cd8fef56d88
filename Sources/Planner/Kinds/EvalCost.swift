/// Counts parameters, bytes and the FLOPs of an answer (METHODS: cost).
///
/// Inputs: `model`, `answers` (of `eval.generate`): the token counts of the workload.
/// Output: `cost.json`.
package struct EvalCost: StageKind {
    package static let name = "eval.cost"
    /// 2: models without biases are counted without.
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("model"), .required("answers")]

    package init() {}
}
