/// Counts parameters, bytes and the FLOPs of an answer (METHODS: cost).
///
/// Inputs: `model`, `answers` (of `eval.generate`): the token counts of the workload.
/// Output: `cost.json`.
public struct EvalCost: StageKind {
    public static let name = "eval.cost"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("answers")]

    public init() {}
}
