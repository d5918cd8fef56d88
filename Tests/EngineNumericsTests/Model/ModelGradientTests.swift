import Testing

@testable import Engine

struct ModelGradientTests {
    private func evaluate(_ model: Model, _ examples: [TrainingExample]) -> (loss: Double, gradient: [Float]) {
        let weights = model.values.buffer.copy()
        let decoder = Decoder(model.layout, weights: weights, positions: 64, workers: .caller)
        let pass = GradientPass(parameterCount: weights.count, keeping: .everything)
        return withExtendedLifetime((pass, decoder)) {
            let loss = pass.run(examples, decoder: decoder, loss: .crossEntropy, scale: 1, .replacing)
            return (loss, pass.gradient.values)
        }
    }

    @Test(arguments: [true, false], ModelFamily.all)
    func everyParameterGradientAgreesWithFiniteDifferences(tied: Bool, family: ModelFamily) throws {
        let model = try Fixture.model(tied: tied, family: family)
        let examples = Fixture.examples(3)
        let gradient = evaluate(model, examples).gradient
        for parameter in model.parameters {
            // A scaled embedding moves as much farther; norms behind matrices bend the loss more.
            let reach: Double =
                switch parameter.role {
                case .embedding: Double(model.configuration.embeddingScale)
                case .hiddenMatrix where family == .gemma3: 4
                default: 1
                }
            let step = 1e-3 / reach
            func loss(_ values: [Float]) -> Double {
                var changed = model
                changed.fill(parameter) { _ = $0.update(fromContentsOf: values) }
                return evaluate(changed, examples).loss
            }
            expectGradient(
                Array(gradient[parameter.range]), of: loss, at: Array(model.weights(of: parameter)), step: step,
                tolerance: 2e-2, name: "\(family) \(parameter.name)")
        }
    }

    @Test func initializationIsAFunctionOfTheSeed() throws {
        let configuration = try Fixture.configuration(tied: false)
        let model = Model(initializing: configuration, seed: 3)
        #expect(model.values == Model(initializing: configuration, seed: 3).values)
        #expect(model.values != Model(initializing: configuration, seed: 4).values)
        let parameter = try #require(model.parameter(named: "model.layers.1.mlp.down_proj.weight"))
        let squares = model.weights(of: parameter).reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs((squares / Double(parameter.count)).squareRoot() / 0.01 - 1) < 0.1, "0.02/√(2·2 layers)")
    }

    @Test func parametersAreAdjacentHaveHuggingFaceNamesAndSurviveJSON() throws {
        let configuration = try Fixture.configuration(tied: false)
        let model = Model(zeros: configuration)
        #expect(try ModelConfiguration(json: configuration.json) == configuration)
        var end = 0
        for parameter in model.parameters {
            #expect(parameter.offset == end)
            end = parameter.range.upperBound
        }
        #expect(end == model.parameterCount)
        #expect(model.parameters.count == 2 * 12 + 3)
        let layer = model.layout.start(ofLayer: 1)
        #expect(
            model.parameter(named: "model.layers.1.self_attn.q_proj.weight")?.offset == layer
                + model.layout.attention.projections.offset)
        #expect(
            model.parameter(named: "model.layers.1.self_attn.q_proj.bias")?.offset == layer + (model.layout.attention.bias ?? 0)
        )
        #expect(
            model.parameter(named: "model.layers.1.self_attn.o_proj.weight")?.offset == layer
                + model.layout.attention.output.offset)
        #expect(
            model.parameter(named: "model.layers.1.mlp.gate_proj.weight")?.offset == layer
                + model.layout.feedForward.gateUp.offset)
        #expect(
            model.parameter(named: "model.layers.1.mlp.down_proj.weight")?.offset == layer
                + model.layout.feedForward.down.offset)
        #expect(model.parameter(named: "lm_head.weight")?.offset == model.layout.head.offset)
    }

    @Test func shapesThatMakeNoModelAreRefusedByField() throws {
        let good = try Fixture.configuration().json
        let bad: [(String, Int64)] = [
            ("vocab_size", 0), ("hidden_size", 25), ("num_key_value_heads", 3), ("intermediate_size", 1 << 40),
            ("num_attention_heads", 0), ("num_attention_heads", -4), ("head_dim", 7), ("head_dim", 1 << 40),
            ("num_hidden_layers", 1 << 40), ("hidden_size", Int64.max),
        ]
        for (field, value) in bad {
            var members = good.object ?? [:]
            members[field] = .integer(value)
            let error = #expect(throws: ModelConfigurationError.self) { try ModelConfiguration(json: .object(members)) }
            #expect(error?.field == field)
        }
    }
}
