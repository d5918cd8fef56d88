/// The names that GGUF has for a model's tensors: `blk.3.attn_q.weight` is `model.layers.3.self_attn.q_proj.weight`.
enum GGUFTensorNames {
    private static let whole = [
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    ]

    private static let inLayers = [
        "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    ]

    /// What the rotary embedding's frequencies are divided by, pair for pair.
    static let ropeFactors = "rope_freqs.weight"

    static func name(of parameter: Parameter) -> String {
        let parts = parameter.name.split(separator: ".")
        let kind = parts.last ?? ""
        if parts.count > 3, parts[1] == "layers" {
            let module = parts[3..<parts.count - 1].joined(separator: ".")
            return "blk.\(parts[2]).\(inLayers[module] ?? module).\(kind)"
        }
        let module = parts.dropLast().joined(separator: ".")
        return "\(whole[module] ?? module).\(kind)"
    }
}
