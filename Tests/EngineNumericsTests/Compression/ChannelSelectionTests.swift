import Testing

@testable import Engine

struct ChannelSelectionTests {
    /// Written tensor by tensor, by their names.
    @Test(arguments: [true, false], ModelFamily.all)
    func everyTensorKeepsItsRowsAndColumns(tied: Bool, family: ModelFamily) throws {
        let model = try Fixture.model(tied: tied, family: family, layers: 2)
        var selection = ChannelSelection(all: model.configuration)
        selection.hidden = (0..<24).filter { $0 % 3 != 1 }
        selection.intermediate = [[0, 5, 6, 39], [1, 2, 3, 4]]
        selection.keyValueHeads = [[1], [0]]
        let pruned = try model.keeping(selection)
        #expect(pruned.configuration.headCount == 2 && pruned.configuration.headDimension == 6)
        for parameter in pruned.parameters {
            let whole = try #require(model.parameter(named: parameter.name))
            let layer = parameter.name.hasPrefix("model.layers.1.") ? 1 : 0
            let head = selection.keyValueHeads[layer][0]
            func channels(_ size: Int) -> [Int] { Array(head * size..<(head + 1) * size) }
            let kept: [String: [Int]] = [
                "q_proj": channels(12), "k_proj": channels(6), "v_proj": channels(6),
                "q_norm": family == .olmo2 ? channels(12) : Array(0..<6),
                "k_norm": family == .olmo2 ? channels(6) : Array(0..<6), "gate_proj": selection.intermediate[layer],
                "up_proj": selection.intermediate[layer],
                "gate_up_proj": selection.intermediate[layer] + selection.intermediate[layer].map { 40 + $0 },
                "qkv_proj": channels(12) + channels(6).map { 24 + $0 } + channels(6).map { 36 + $0 },
            ]
            let module = parameter.name.split(separator: ".").dropLast().last.map(String.init) ?? ""
            let isMatrix = whole.shape.count == 2
            let rows =
                kept[module] ?? (module == "embed_tokens" || module == "lm_head" ? Array(0..<37) : selection.hidden)
            let columns =
                !isMatrix
                ? [0]
                : module == "o_proj"
                    ? channels(12)
                    : module == "down_proj"
                        ? selection.intermediate[layer]
                        : selection.hidden
            let values = Array(model.weights(of: whole))
            let width = isMatrix ? whole.shape[1] : 1
            let expected = rows.flatMap { row in columns.map { values[row * width + $0] } }
            let found = Array(pruned.weights(of: parameter))
            // Rows of the embedding that are multiplied by √16, and were by √24; the final norm takes that back from a tied head.
            let (factor, isGemma) = (Float(1.5).squareRoot(), family == .gemma3)
            if isGemma, module == "embed_tokens" {
                expectNear(found, expected.map { $0 * factor })
            } else if isGemma, tied, parameter.name == "model.norm.weight" {
                expectNear(found, expected.map { ($0 + 1) / factor - 1 })
            } else {
                #expect(found == expected, "\(parameter.name)")
            }
        }
    }

    private func expectNear(_ found: [Float], _ expected: [Float]) {
        let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(found.count == expected.count && largest < 1e-6)
    }

    /// `config.json` says how wide heads are, because hidden states no longer do.
    @Test func aPrunedConfigurationReadsBack() throws {
        let model = try Fixture.model()
        var selection = ChannelSelection(all: model.configuration)
        selection.hidden = Array(0..<16)
        let pruned = try model.keeping(selection).configuration
        #expect(pruned.json["head_dim"] == 6 && pruned.json["hidden_size"] == 16)
        #expect(try ModelConfiguration(json: pruned.json) == pruned)
    }

    @Test func channelsThatCarryNothingCanGo() throws {
        let model = try Fixture.model(layers: 2).closing(neurons: [0, 7], inLayer: 0).closing(neurons: [8, 9], inLayer: 1)
        var selection = ChannelSelection(all: model.configuration)
        selection.intermediate = [(0..<40).filter { ![0, 7].contains($0) }, (0..<40).filter { ![8, 9].contains($0) }]
        let sequences = Fixture.examples(5).map(\.tokens)
        let workers = WorkerPool(threads: 2)
        let before = try InferenceModel(model).meanLoss(of: sequences, workers: workers)
        let after = try InferenceModel(model.keeping(selection)).meanLoss(of: sequences, workers: workers)
        #expect(abs(before - after) < 1e-6)
    }

    @Test func selectionsThatDoNotFitTheModelAreRefused() throws {
        let model = try Fixture.model()
        let changes: [(inout ChannelSelection) -> Void] = [
            { $0.hidden = [] }, { $0.hidden = [1, 0] }, { $0.hidden = [0, 24] }, { $0.hidden = [0, 0] },
            { $0.intermediate[1] = [0] }, { $0.intermediate.removeLast() }, { $0.keyValueHeads = [[0], [0, 1]] },
            { $0.keyValueHeads = [[2], [2]] },
        ]
        for change in changes {
            var selection = ChannelSelection(all: model.configuration)
            change(&selection)
            #expect(throws: ChannelPruningError.self) { try model.keeping(selection) }
        }
        let importance = ChannelImportance(hidden: [1], intermediate: [[1]], heads: [[1]])
        #expect(throws: ChannelPruningError.self) {
            try ChannelSelection(model.configuration, hidden: 8, intermediate: 8, by: importance)
        }
    }
}
