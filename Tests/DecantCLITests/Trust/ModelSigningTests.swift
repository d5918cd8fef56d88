import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Signed exports: by OpenSSL, and by the `model-signing` package where `DECANT_MODEL_SIGNING` names its program.
@Suite struct ModelSigningTests {
    let program: DecantProgram

    init() throws {
        program = try DecantProgram()
        try SignedStore(program).build("weights", by: nil)
    }

    private func makeKey(_ curve: String = "prime256v1") throws {
        try program.shell("openssl ecparam -name \(curve) -genkey -noout -out key.pem")
        try program.shell("openssl ec -in key.pem -pubout -out key.pub 2>&1")
    }

    private func json(_ file: String) throws -> JSON {
        try JSON(parsing: [UInt8](Data(contentsOf: program.folder.appending(path: file))))
    }

    /// Has OpenSSL check an envelope of DSSE; returns its payload.
    private func verified(_ envelope: JSON?, _ digest: String = "sha256") throws -> JSON {
        let payload = try #require(Data(base64Encoded: envelope?["payload"]?.string ?? ""))
        let signature = try #require(Data(base64Encoded: envelope?["signatures"]?[0]?["sig"]?.string ?? ""))
        let type = "application/vnd.in-toto+json"
        #expect(envelope?["payloadType"]?.string == type)
        try (Data("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload)
            .write(to: program.folder.appending(path: "signed.bin"))
        try signature.write(to: program.folder.appending(path: "signature.bin"))
        let said = try program.shell("openssl dgst -\(digest) -verify key.pub -signature signature.bin signed.bin 2>&1 || true")
        #expect(said.contains("Verified OK"), "\(said)")
        return try JSON(parsing: [UInt8](payload))
    }

    @Test(arguments: [("prime256v1", "sha256"), ("secp384r1", "sha384"), ("secp521r1", "sha512")])
    func everyFileOfAnExportIsSigned(curve: String, digest: String) throws {
        try makeKey(curve)
        try program.run("export", "model", "out", "--provenance", "--sign", "key.pem")
        let bundle = try json("out/model.sig")
        #expect(bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json")
        let hint = try program.shell("sha256sum key.pub").prefix(64)
        #expect(bundle["verificationMaterial"]?["publicKey"]?["hint"]?.string == String(hint))
        let statement = try verified(bundle["dsseEnvelope"], digest)
        #expect(statement["predicateType"] == "https://model_signing/signature/v1.0")
        #expect(statement["subject"]?[0]?["name"] == "out")
        let resources = statement["predicate"]?["resources"]?.array ?? []
        let files = try FileManager.default.contentsOfDirectory(atPath: program.folder.appending(path: "out").path)
        #expect(resources.map { $0.text("name") } == files.filter { $0 != "model.sig" }.sorted())
        for resource in resources {
            let sum = try program.shell("sha256sum 'out/\(resource.text("name"))'").prefix(64)
            #expect(resource.text("digest") == String(sum))
        }
        // The provenance is signed byte for byte.
        let provenance = try verified(json("out/provenance.intoto.dsse.json"), digest)
        #expect(try provenance == json("out/provenance.intoto.json"))
    }

    @Test(arguments: [
        ("openssl genrsa -out bad.pem 2048 2>&1", "no key of the curves"),
        ("openssl ecparam -name secp256k1 -genkey -noout -out bad.pem", "no key of the curves"),
        ("openssl genpkey -algorithm ed25519 -out bad.pem", "no key of the curves"),
        ("echo nothing > bad.pem", "no private key in PEM"), ("touch bad.pem", "no private key in PEM"),
        ("openssl ecparam -name prime256v1 -genkey | openssl ec -aes128 -passout pass:x -out bad.pem 2>&1", "has a passphrase"),
        ("true", "there is no key bad.pem"),
    ]) func aKeyThatCannotSignIsNamedBeforeAnythingIsWritten(make: String, message: String) throws {
        try program.shell(make)
        #expect(try program.run("export", "model", "out", "--sign", "bad.pem", status: 2).errors.contains(message))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "out").path))
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["DECANT_MODEL_SIGNING"] != nil))
    func theModelSigningPackageAcceptsIt() throws {
        let checker = try #require(ProcessInfo.processInfo.environment["DECANT_MODEL_SIGNING"])
        try makeKey()
        try program.run("export", "model", "out", "--provenance", "--sign", "key.pem")
        func check() throws -> String {
            try program.shell("\(checker) verify key out --signature out/model.sig --public_key key.pub 2>&1 || true")
        }
        #expect(try check().contains("Verification succeeded"))
        try program.write("other weights", to: "out/model.safetensors")
        #expect(try check().contains("Verification failed"))
        try program.write("weights", to: "out/model.safetensors")
        try program.write("more", to: "out/added.txt")
        #expect(try check().contains("Verification failed"))
    }
}
