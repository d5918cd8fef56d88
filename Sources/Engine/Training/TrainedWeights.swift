/// The numbers that a training changes, and how the model's weights follow from them.
struct TrainedWeights {
    /// What the model computes with.
    let model: FloatBuffer
    /// What the optimizer moves: the same memory, unless adapters are trained.
    let values: FloatBuffer
    let parameters: [Parameter]
    let adapters: AdapterLayout?
    /// The model as it was, where it stays so.
    private let frozen: ModelWeights

    /// All weights of a model.
    init(_ model: Model) {
        self.model = model.values.buffer.copy()
        values = self.model
        parameters = model.parameters
        adapters = nil
        frozen = ModelWeights(count: 0)
    }

    /// Adapters beside a model that stays as it is.
    init(_ adapters: LowRankAdapters, beside model: Model) {
        self.model = model.values.buffer.copy()
        values = FloatBuffer(adapters.values)
        parameters = adapters.layout.parameters
        self.adapters = adapters.layout
        frozen = model.values
    }

    /// Has the model's weights follow from the values, after these have changed.
    func settle(workers: WorkerPool) {
        adapters?.merge(values, of: frozen, into: model, workers: workers)
    }
}
