/// Rollouts of a model behind an OpenAI-compatible server. The recorded answers are the artifact.
///
/// Inputs: `data` (of `data.split`).
/// Output: as `sample`, and `exchanges.jsonl`: each question's digest, model and settings with the answer as it came.
package struct EndpointSample: StageKind {
    package static let name = "endpoint.sample"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("data")]

    package var endpoint: EndpointParameters
    /// Responses per prompt.
    package var samples: Int
    /// 0 is greedy.
    package var temperature: Double
    /// New tokens at most.
    package var maxTokens: Int
    package var seed: Int

    package init(endpoint: EndpointParameters, samples: Int, temperature: Double, maxTokens: Int, seed: Int) {
        self.endpoint = endpoint
        self.samples = samples
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.seed = seed
    }
}
