import json, os, sys, torch
from safetensors.torch import save_file
from transformers import MixtralConfig, MixtralForCausalLM, Qwen2MoeConfig, Qwen2MoeForCausalLM
from peft import LoraConfig, PeftModel, get_peft_model

out = sys.argv[1]
torch.manual_seed(0)
torch.set_num_threads(1)
ids = torch.randint(0, 31, (2, 7))
shape = dict(vocab_size=31, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
             max_position_embeddings=32, initializer_range=0.3, num_experts_per_tok=2, tie_word_embeddings=False)
io = {"ids": ids}

def logits(name, model):
    with torch.no_grad():
        io[name] = model(ids).logits.contiguous()

# 1. an adapter whose experts are layers of their own, as transformers 4 had them; PEFT converts it when it loads
config = MixtralConfig(intermediate_size=8, num_local_experts=4, sliding_window=None, **shape)
model = MixtralForCausalLM(config).eval()
model.save_pretrained(f"{out}/mixtral")
logits("mixtral.base", model)
r, names = 3, {"w1": (8, 16), "w3": (8, 16), "w2": (16, 8)}
tensors = {}
def pair(module, rows, columns):
    tensors[f"base_model.model.{module}.lora_A.weight"] = torch.randn(r, columns) * 0.3
    tensors[f"base_model.model.{module}.lora_B.weight"] = torch.randn(rows, r) * 0.3
for l in range(2):
    pair(f"model.layers.{l}.self_attn.q_proj", 16, 16)
    pair(f"model.layers.{l}.block_sparse_moe.gate", 4, 16)
    for e in range(4):
        for name, (rows, columns) in names.items():
            pair(f"model.layers.{l}.block_sparse_moe.experts.{e}.{name}", rows, columns)
os.makedirs(f"{out}/mixtral-lora", exist_ok=True)
save_file(tensors, f"{out}/mixtral-lora/adapter_model.safetensors", metadata={"format": "pt"})
lora = LoraConfig(r=r, lora_alpha=6, target_modules=["q_proj", "gate", "w1", "w2", "w3"], task_type="CAUSAL_LM", use_rslora=False)
lora.inference_mode = True
lora.save_pretrained(f"{out}/mixtral-lora")
tuned = PeftModel.from_pretrained(MixtralForCausalLM.from_pretrained(f"{out}/mixtral"), f"{out}/mixtral-lora").eval()
logits("mixtral.lora", tuned)

# 2. an adapter on the stacked parameters of transformers 5, made and saved by PEFT
config = Qwen2MoeConfig(intermediate_size=12, moe_intermediate_size=8, shared_expert_intermediate_size=8, num_experts=4,
                        norm_topk_prob=True, decoder_sparse_step=1, use_sliding_window=False, **shape)
model = Qwen2MoeForCausalLM(config).eval()
model.save_pretrained(f"{out}/qwen")
logits("qwen.base", model)
lora = LoraConfig(r=3, lora_alpha=6, target_modules=["q_proj"], use_rslora=True, init_lora_weights=False, task_type="CAUSAL_LM",
                  target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj", "mlp.gate.weight"])
tuned = get_peft_model(model, lora).eval()
with torch.no_grad():
    for n, p in tuned.named_parameters():
        if "lora_" in n:
            p.normal_(0, 0.3)
logits("qwen.lora", tuned)
tuned.save_pretrained(f"{out}/qwen-lora")
save_file(io, f"{out}/io.safetensors")
for k, v in io.items():
    print(k, tuple(v.shape), float(v.float().abs().max()))
from safetensors import safe_open
with safe_open(f"{out}/qwen-lora/adapter_model.safetensors", "pt") as f:
    for k in f.keys(): print(k, f.get_tensor(k).shape)
