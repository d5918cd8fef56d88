import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// E4M3 and INT8: numbers, activations, layouts.
@Suite struct EightBitTests {
    @Test func everyFloat8NumberIsThatOfPyTorch() throws {
        let numbers = try #require(try reference("rounding.json")["float8"]?["numbers"]?.array)
        #expect(numbers.count == 256)
        for (code, number) in numbers.enumerated() {
            let value = Float8.table[code]
            if let number = number.double {
                #expect(value == Float(number))
                #expect(Float8.code(of: value) == UInt8(code), "\(value)")
            } else {
                #expect(value.isNaN && code & 0x7F == 0x7F)
                #expect(Float8.code(of: value) & 0x7F == 0x7F)
            }
        }
    }

    /// Between any two neighbours: half-way goes to the even code, and the floats beside it to the nearer one.
    @Test func halvesGoToTheEvenCode() {
        for code in UInt8(0)..<0x7E {
            let (low, high) = (Float8.table[Int(code)], Float8.table[Int(code) + 1])
            let half = (low + high) / 2
            for sign in [UInt8(0), 0x80] {
                let factor: Float = sign == 0 ? 1 : -1
                #expect(Float8.code(of: factor * half) == sign | (code & 1 == 0 ? code : code + 1))
                #expect(Float8.code(of: factor * half.nextDown) == sign | code)
                #expect(Float8.code(of: factor * half.nextUp) == sign | (code + 1))
            }
        }
        for value: Float in [448, 464, 1e30, .infinity] {
            #expect(Float8.code(of: value) == 0x7E)
            #expect(Float8.code(of: -value) == 0xFE)
        }
        #expect(Float8.code(of: .nan) & 0x7F == 0x7F)
    }

    @Test func roundsAsPyTorchDoes() throws {
        let json = try #require(try reference("rounding.json")["float8"])
        let bits = try #require(json["value_bits"]?.array).compactMap { $0.integer.map(UInt32.init) }
        let codes = try #require(json["codes"]?.array).compactMap { $0.integer.map(UInt8.init) }
        #expect(bits.map { Float8.code(of: Float(bitPattern: $0)) } == codes)
    }

    @Test func activationsBecomeIntegersTokenByToken() throws {
        let json = try #require(try reference("rounding.json")["int8"])
        let bits = try #require(json["value_bits"]?.array).compactMap { $0.integer.map(UInt32.init) }
        let buffer = FloatBuffer(bits.map { Float(bitPattern: $0) })
        let (rows, columns) = try (#require(json["rows"]?.integer), #require(json["columns"]?.integer))
        let tokens = TokenIntegers(rounding: MatrixView(buffer.base, rows, columns), workers: WorkerPool(threads: 2))
        let codes = try #require(json["codes"]?.array).compactMap { $0.integer.map(Int8.init) }
        #expect(tokens.stride == columns)
        let scales = try #require(json["scales"]?.array).compactMap { $0.double.map(Float.init) }
        tokens.withPointers { values, steps in
            #expect(Array(UnsafeBufferPointer(start: values, count: rows * columns)) == codes)
            #expect(Array(UnsafeBufferPointer(start: steps, count: rows)) == scales.map { $0 > 0 ? $0 : 1 })
        }
    }

    /// The largest codes there are, in as many inputs as are allowed: 127·127·65536 fits 32 bits.
    @Test func integerProductsAreExact() {
        var random = TestRandom(seed: 6)
        for columns in [1, 15, 16, 33, 160, Int8Matrix.mostColumns] {
            let isLargest = columns == Int8Matrix.mostColumns
            // A token whose largest value is 127 has the scale 1.
            var values = (0..<2 * columns).map { _ in isLargest ? -127 : Float(Int.random(in: -127...127, using: &random)) }
            for row in 0..<2 { values[row * columns] = -127 }
            let matrix = Int8Matrix(
                rows: 3, columns: columns,
                codes: (0..<3 * columns).map { _ in isLargest ? -127 : Int8.random(in: -127...127, using: &random) },
                scales: [1, 0.25, 3])
            let (x, y) = (FloatBuffer(values), FloatBuffer([Float](repeating: 1, count: 6)))
            let operand = withExtendedLifetime(x) {
                LinearOperand(MatrixView(x.base, 2, columns), for: [.int8], workers: WorkerPool(threads: 1))
            }
            matrix.panels().multiply(rows: 0..<3, operand, into: MatrixView(y.base, 2, 3), .adding)
            for row in 0..<2 {
                for output in 0..<3 {
                    let sum = (0..<columns).reduce(0) {
                        $0 + Int(values[row * columns + $1].rounded(.toNearestOrEven))
                            * Int(matrix.codes[output * columns + $1])
                    }
                    #expect(y.values[row * 3 + output] == 1 + Float(sum) * matrix.scales[output])
                }
            }
        }
    }

    @Test func smoothingDividesAsThePaperSays() throws {
        for item in try #require(try reference("rounding.json")["smoothing"]?.array) {
            func floats(_ key: String) throws -> [Double] { try #require(item[key]?.array).compactMap(\.double) }
            let smoothing = SmoothQuant(strength: try #require(item["strength"]?.double))
            let (ranges, reach, divisors) = try (floats("ranges"), floats("reach"), floats("divisors"))
            for index in ranges.indices {
                let scale = smoothing.scale(range: Float(ranges[index]), reach: Float(reach[index]))
                #expect(abs(Double(scale) / divisors[index] - 1) < 1e-6)
            }
            #expect(smoothing.scale(range: 0, reach: 1) == 1 && smoothing.scale(range: 1, reach: 0) == 1)
        }
    }

    static let schemes: [QuantizationScheme] = [.int8, .float8]

    /// A model on disk in one of the two layouts, and the same read back.
    private func quantized(
        _ scheme: QuantizationScheme, ignoring ignored: [String]
    ) throws -> (tensors: [String: StoredTensor], json: JSON, model: InferenceModel, float: Model) {
        let configuration = try ModelConfiguration(
            vocabularySize: 40, hiddenSize: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 64)
        let model = Model(initializing: configuration, seed: 5)
        let (result, read) = try ModelQuantization(scheme, ignoring: ignored).throughAFolder(model)
        return (result.tensors, result.configuration, read, model)
    }

    private static let rows = [
        TrainingExample(tokens: [1, 5, 9, 2, 30, 12, 4], promptLength: 2), TrainingExample(tokens: [7, 3], promptLength: 1),
    ]

    @Test(arguments: schemes, [["lm_head"], ["lm_head", "k_proj", "up_proj"]])
    func activationsAreRoundedWhereWeightsAre(scheme: QuantizationScheme, ignored: [String]) throws {
        let (tensors, _, model, float) = try quantized(scheme, ignoring: ignored)
        let type: ElementType = scheme == .int8 ? .int8 : .float8
        #expect(tensors.values.count { $0.elementType == type } == 2 * (8 - ignored.count))
        let workers = WorkerPool(threads: 2)
        let (rounded, exact) = try (
            model.captureLogits(Self.rows, k: 40, workers: workers),
            InferenceModel(model.restored()).captureLogits(Self.rows, k: 40, workers: workers)
        )
        // Rounded weights alone are something else than rounded weights and activations.
        #expect(rounded != exact)
        #expect(try model.captureLogits(Self.rows, k: 40, workers: WorkerPool(threads: 1)) == rounded)
        for (weight, approximation) in zip(float.values, model.restored().values) {
            #expect(abs(weight - approximation) < 0.01)
        }
    }

    /// Whole sequences and tokens one by one, two different programs over the same weights, choose the same tokens.
    @Test(arguments: schemes) func generationAgreesWithWholeSequences(scheme: QuantizationScheme) throws {
        let model = try quantized(scheme, ignoring: ["lm_head"]).model
        let workers = WorkerPool(threads: 2)
        let prompt: [Int32] = [1, 5, 9]
        let options = GenerationOptions(maximumTokens: 6)
        let answer = try #require(try model.generate([prompt], options: options, workers: workers).first)
        for count in 0..<answer.tokens.count {
            let example = TrainingExample(tokens: prompt + answer.tokens.prefix(count + 1), promptLength: prompt.count + count)
            let row = try #require(try model.captureLogits([example], k: 1, workers: workers).first)
            #expect(row.topTokens == [answer.tokens[count]])
        }
    }

    @Test func theConfigurationsAreThoseOfCompressedTensors() throws {
        for (scheme, type) in zip(Self.schemes, ["int", "float"] as [JSON]) {
            let configuration = try quantized(scheme, ignoring: ["lm_head"]).json["quantization_config"]
            #expect(configuration?["format"]?.string == (type.string ?? "") + "-quantized")
            #expect(
                configuration?["config_groups"] == [
                    "group_0": [
                        "targets": ["Linear"],
                        "weights": ["num_bits": 8, "type": type, "symmetric": true, "dynamic": false, "strategy": "channel"],
                        "input_activations": [
                            "num_bits": 8, "type": type, "symmetric": true, "dynamic": true, "strategy": "token",
                        ],
                    ]
                ])
        }
    }

    @Test(arguments: schemes) func aDamagedMatrixIsNamed(scheme: QuantizationScheme) throws {
        let (tensors, configuration, _, _) = try quantized(scheme, ignoring: ["lm_head"])
        let name = "model.layers.1.mlp.down_proj"
        let weight = try #require(tensors[name + ".weight"])
        var changes: [String: StoredTensor] = [
            ".weight": StoredTensor([UInt8](repeating: 1, count: weight.count), shape: weight.shape),
            ".weight_scale": StoredTensor([Float](repeating: 1, count: 31), shape: [31, 1]),
        ]
        for (part, tensor) in changes {
            var damaged = tensors
            damaged[name + part] = tensor
            let files = WeightFiles(try SafeTensors(parsing: SafeTensors.serialize(damaged)))
            #expect(throws: ModelFileError.self) { try files.packedMatrices(configuration: configuration) }
        }
        guard scheme == .float8 else { return }
        changes = [
            name + ".weight": StoredTensor(elementType: .float8, shape: weight.shape, bytes: [0x7F] + weight.bytes.dropFirst())
        ]
        let files = WeightFiles(try SafeTensors(parsing: SafeTensors.serialize(tensors.merging(changes) { $1 })))
        #expect(
            throws: ModelFileError(file: "model.safetensors", reason: "'\(name).weight' holds a value that is not a number")
        ) {
            try files.packedMatrices(configuration: configuration)
        }
    }

    @Test func activationsOfAnotherKindAreRefused() throws {
        let configuration = try quantized(.int8, ignoring: ["lm_head"]).json
        let text = configuration.canonicalText
        for (old, new) in [
            ("\"strategy\":\"token\"", "\"strategy\":\"tensor\""), ("\"dynamic\":true", "\"dynamic\":false"),
            ("int-quantized", "pack-quantized"), ("int-quantized", "naive-quantized"), ("\"num_bits\":8", "\"num_bits\":4"),
        ] {
            let other = try JSON(parsing: Data(text.replacing(old, with: new).utf8))
            #expect(throws: ModelFileError.self) { try PackedLayout(other) }
        }
    }
}
