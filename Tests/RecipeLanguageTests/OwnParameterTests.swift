import Diagnostics
import Testing

@testable import Declarations
@testable import Kinds
@testable import RecipeLanguage

/// Stages of a recipe's own, over every kind and every parameter that it declares.
@Suite struct OwnParameterTests {
    static let parameters: [DeclaredParameter] = KindCatalogue.standard.ownKinds.filter { $0.name != Exec.name }.flatMap {
        kind in
        DeclaredParameter.all(of: kind.name, in: kind.documentation, path: [])
    }

    @Test(arguments: parameters)
    func aMisspeltNameIsRefused(parameter: DeclaredParameter) {
        let name = parameter.path[parameter.path.count - 1] + "x"
        let found = parameter.diagnostics(writing: "1", as: name)
        #expect(found.contains { $0.code == "unknown-field" && $0.primary.span.text == name }, "\(found)")
    }

    @Test(arguments: parameters)
    func aWrongTypeIsRefused(parameter: DeclaredParameter) {
        let value = parameter.wrongType
        let codes: Set = ["wrong-type", "unknown-value"]
        let found = parameter.diagnostics(writing: value)
        #expect(found.contains { codes.contains($0.code) && value.contains($0.primary.span.text) }, "\(value): \(found)")
    }

    @Test(arguments: parameters.filter { !$0.outOfRange.isEmpty })
    func aValueOutOfRangeIsRefused(parameter: DeclaredParameter) {
        for value in parameter.outOfRange {
            let found = parameter.diagnostics(writing: value)
            #expect(
                found.contains { $0.code == "out-of-range" && $0.primary.span.text == value && $0.help != nil },
                "\(value): \(found)")
        }
    }

    @Test func nestedParametersAreNotDropped() {
        let found = DeclaredParameter(kind: "train.sft", path: ["training", "validation"], type: .anything)
            .diagnostics(writing: "{every: 2}", as: "validaton")
        #expect(found.map(\.code) == ["unknown-field"])
        #expect(found.first?.help == "did you mean 'validation'?")
    }

    @Test func aShareThatWouldOverflowIsRefused() {
        let found = DeclaredParameter(kind: "data.generate", path: ["held_out_values"], type: .anything)
            .diagnostics(writing: "4611686018427387904")
        #expect(found.map(\.code) == ["out-of-range"])
        #expect(found.first?.help == "the nearest possible value is 90%")
    }

    /// The shorthand's stage and one that names nothing but its kind are the same.
    @Test func ownStagesHaveTheShorthandsDefaults() throws {
        let text = """
            decant: 1
            sources: {functions: {path: f}}
            data: {generate: {functions: functions, templates: functions}}
            stages:
              gptq: {kind: quant.apply, inputs: {model: functions}, parameters: {method: gptq}}
              float8: {kind: quant.apply, inputs: {model: functions}, parameters: {scheme: W8A8-FP8}}
              width: {kind: prune.apply, inputs: {model: functions, scores: functions}, parameters: {method: width}}
              adapted: {kind: train.sft, inputs: {model: functions, data: functions}, parameters: {training: {lora: {rank: 4}}}}
              plain: {kind: train.sft, inputs: {model: functions, data: functions}, parameters: {training: {optimizer: adamw}}}
              warm: {kind: kd.train, inputs: {model: functions, logits: functions}, parameters: {temperature: 2}}
              reasoned: {kind: sample, inputs: {model: functions, data: functions}, parameters: {answer: reasoning}}
            """
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: text))
        let stages = try #require(reading.recipe?.variants.first?.pipeline.stages, "\(reading.diagnostics)")
        func kind<Kind: StageKind>(_ name: String, _ type: Kind.Type) throws -> Kind {
            try #require(stages.first { $0.name.value == name }?.kind as? Kind)
        }
        let gptq = try kind("gptq", QuantApply.self)
        #expect(gptq == QuantApply(method: .gptq, damping: 0.01, activationOrder: true))
        #expect(try kind("float8", QuantApply.self).groupSize == 0)
        #expect(
            try kind("width", PruneApply.self)
                == PruneApply(
                    method: .width, ratio: 0.2, granularity: .init(hidden: 64, intermediate: 256),
                    search: .init(tolerance: 0.02)))
        let adapted = try kind("adapted", TrainSFT.self).training
        #expect(adapted.lora?.alpha == 8 && adapted.learningRate == 1e-3 && adapted.steps == 500)
        #expect(try kind("plain", TrainSFT.self).training.learningRate == 3e-3)
        #expect(try kind("warm", KDTrain.self).tail == .renormalize)
        #expect(try kind("reasoned", Sample.self).maxTokens == 192)
    }

    /// What a kind does not declare would stand in no key.
    @Test func everyPropertyIsDeclared() {
        func check<Group: ParameterGroup>(_ group: Group.Type) {
            let properties = Mirror(reflecting: Group.standard).children.compactMap(\.label)
            #expect(properties.count == Group.parameters.count, "\(Group.self): \(properties)")
            #expect(Set(Group.parameters.map(\.name)).count == Group.parameters.count)
        }
        for kind in KindCatalogue.standard.kinds { check(kind) }
        let groups: [any ParameterGroup.Type] = [
            TrainingParameters.self, LowRankParameters.self, ValidationParameters.self, ModelShape.self, Calibration.self,
            ModelQuestion.self, Rubric.self, JudgingProgram.self, EndpointParameters.self, PruneApply.Granularity.self,
            PruneApply.Search.self, AnsweredRows.self, EncoderTraining.self,
        ]
        for group in groups { check(group) }
    }

    @Test func parametersReadBackFromTheirEncoding() throws {
        func check<Kind: StageKind>(_ kind: Kind.Type) throws {
            for standard in [Kind.standard] + Kind.otherStandards {
                var settled = standard
                settled.settle()
                #expect(try Kind(json: settled.json) == settled)
            }
        }
        for kind in KindCatalogue.standard.kinds { try check(kind) }
        #expect(throws: ParameterError.self) { try TrainSFT(json: ["training": ["steps": 5], "prompt": "query"]) }
        #expect(throws: ParameterError.self) { try KDCapture(json: ["k": "many", "prompt": "query"]) }
    }
}

/// A kind of the tests: all that a kind needs to be in recipes, plans and keys.
struct GrowModel: StageKind {
    static let declaration = KindDeclaration("model.grow", revision: 1, inputs: [.required("model")], output: "a model folder")

    @Spanned var layers = 2
    @Spanned var noise: Double? = nil

    static let standard = Self()
    static let parameters: [Parameter<Self>] = [
        .init(\.$layers, .integer("layers", in: 1...64, "Layers to add.")),
        .init(\.$noise, .number("noise", in: 0...1, "Of the new weights.")),
    ]
}

@Suite struct FurtherKindTests {
    private func read(_ parameters: String, _ kinds: KindCatalogue) -> RecipeReading {
        let text = """
            decant: 1
            sources: {functions: {path: f}}
            data: {generate: {functions: functions, templates: functions}}
            stages: {larger: {kind: model.grow, inputs: {model: functions}, parameters: \(parameters)}}
            """
        return RecipeReader.read(SourceText(path: "recipe.yaml", text: text), kinds: kinds)
    }

    @Test func aKindOfAnotherTargetIsReadAndEncoded() throws {
        let kinds = KindCatalogue(KindCatalogue.standard.kinds + [GrowModel.self])
        let larger = try #require(read("{noise: 0.5}", kinds).recipe?.variants.first?.pipeline.stages.first?.kind as? GrowModel)
        #expect(try larger.json == ["layers": 2, "noise": 0.5])
        #expect(larger.origins().map(\.field) == ["stages.larger.parameters.layers", "stages.larger.parameters.noise"])
        #expect(read("{layers: 65}", kinds).diagnostics.map(\.code) == ["out-of-range"])
        #expect(read("{}", .standard).diagnostics.map(\.code) == ["unknown-kind"])
        #expect(kinds.markdown.contains("| `layers` | whole number, between 1 and 64 | `2` | Layers to add. |"))
        #expect(kinds.departures(of: "model.grow", ["layers": 2, "noise": 1]) == ["noise": 1])
    }
}

/// A parameter of a kind, nested ones by path.
struct DeclaredParameter: CustomTestStringConvertible, Sendable {
    let kind: String
    let path: [String]
    let type: ValueType

    var testDescription: String { "\(kind): \(path.joined(separator: "."))" }

    static func all(of kind: String, in mapping: MappingDefinition, path: [String]) -> [DeclaredParameter] {
        mapping.fields.flatMap { field in
            let path = path + [field.name]
            let own = DeclaredParameter(kind: kind, path: path, type: field.type)
            guard case .mapping(let inner) = field.type else { return [own] }
            return [own] + all(of: kind, in: inner, path: path)
        }
    }

    /// A value that no parameter of the type can have.
    var wrongType: String {
        switch type {
        case .choice, .flag: "nonsense"
        case .mapping, .named: "5"
        case .list(.choice), .list(.mapping): "[nonsense]"
        case .list: "[{a: 1}]"
        default: "[nonsense]"
        }
    }

    /// Values beyond either end; none for a type without a range.
    var outOfRange: [String] {
        switch type {
        case .integer(let range), .bytes(let range):
            ["\(range.lowerBound - 1)"] + (range.upperBound == .max ? [] : ["\(range.upperBound + 1)"])
        case .number(let range), .share(let range), .duration(let range):
            ["\(range.lowerBound - 1)", "\(range.upperBound * 2 + 1)"].filter { !$0.hasPrefix("-") || !isDuration }
        default: []
        }
    }

    private var isDuration: Bool { if case .duration = type { true } else { false } }

    /// What a recipe's stage reports that gives the parameter this value.
    func diagnostics(writing value: String, as name: String? = nil) -> [Diagnostic] {
        let names = path.dropLast() + [name ?? path[path.count - 1]]
        let nested = names.reversed().reduce(value) { "{\($1): \($0)}" }
        let inputs = KindCatalogue.standard.kind(named: kind)?.inputs ?? []
        let required = inputs.filter { $0.presence == .required }.map { "\($0.name): functions" }
        let text = """
            decant: 1
            sources: {functions: {path: f}}
            data: {generate: {functions: functions, templates: functions}}
            stages: {mine: {kind: \(kind), inputs: {\(required.joined(separator: ", "))}, parameters: \(nested)}}
            """
        return RecipeReader.read(SourceText(path: "recipe.yaml", text: text)).diagnostics
    }
}
