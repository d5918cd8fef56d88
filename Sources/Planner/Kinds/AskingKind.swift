/// A kind whose stages may ask a model behind a server.
protocol AskingKind: StageKind {
    /// The name of the model that the stage asks; `nil` where it asks none.
    var askedModel: String? { get }
}

extension EndpointSample: AskingKind {
    var askedModel: String? { endpoint.model }
}

extension Judge: AskingKind {
    var askedModel: String? { question?.endpoint?.model }
}

extension EvalScore: AskingKind {
    var askedModel: String? { question?.endpoint?.model }
}
