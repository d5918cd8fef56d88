/// Rollouts of a model behind an OpenAI-compatible server. The recorded answers are the artifact.
///
/// Inputs: `data` (of `data.split`).
/// Output: as `sample`, and `exchanges.jsonl`: each question's digest, model and settings with the answer as it came.
public struct EndpointSample: StageKind {
    public static let name = "endpoint.sample"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("data")]

    public var endpoint: EndpointParameters
    /// Responses per prompt.
    public var samples: Int
    /// 0 is greedy.
    public var temperature: Double
    /// New tokens at most.
    public var maxTokens: Int
    public var seed: Int

    public init(endpoint: EndpointParameters, samples: Int, temperature: Double, maxTokens: Int, seed: Int) {
        self.endpoint = endpoint
        self.samples = samples
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.seed = seed
    }
}
